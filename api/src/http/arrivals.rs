//! The sign-ins with the company's account that are being finished.

use chrono::Duration;
use tokio::sync::Semaphore;

use super::callers::Callers;

/// Sign-ins that are finished at once: each asks the provider.
const AT_ONCE: usize = 32;
/// Sign-ins from one address within [`WITHIN`], of which each asks the provider in Muster's name: a whole office may have one address.
const OF_CALLER: usize = 100;
const WITHIN: Duration = Duration::minutes(10);

/// Bounds them.
pub struct Arrivals {
    pub at_once: Semaphore,
    pub callers: Callers,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { at_once: Semaphore::new(AT_ONCE), callers: Callers::new(OF_CALLER, WITHIN) }
    }
}
