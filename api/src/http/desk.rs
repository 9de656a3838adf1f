//! Where requests for sign-in links wait: one task works them off, one after the other, so that those for one person are counted.

use std::sync::Arc;

use domain::{Domain, limits, people};
use entity::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::callers::Callers;
use crate::connections::CallerAddress;

/// Requests that wait for their turn.
const WAITING: usize = 64;

/// Where requests for links wait.
pub struct Desk {
    callers: Callers,
    queue: mpsc::Sender<String>,
}

impl Desk {
    /// Opens it until `shutdown`.
    pub fn open(domain: Arc<Domain>, shutdown: CancellationToken) -> Self {
        let (queue, mut waiting) = mpsc::channel::<String>(WAITING);
        tokio::spawn(async move {
            while let Some(Some(address)) = shutdown.run_until_cancelled(waiting.recv()).await {
                if let Err(error) = people::asked::ask(&domain.system(), &address).await {
                    tracing::warn!(error = error.for_the_log(), "could not mail a sign-in link that somebody asked for");
                }
            }
        });
        Self { callers: Callers::new(limits::ASKED_LINKS_OF_CALLER, limits::ASKED_LINK_WITHIN), queue }
    }

    /// Whether this caller may ask once more; if so, it counts.
    pub fn admit(&self, caller: CallerAddress, now: Timestamp) -> bool {
        self.callers.admit(caller, now)
    }

    /// Has a link mailed to `address`, if it is somebody's. False if too many wait.
    pub fn take(&self, address: String) -> bool {
        self.queue.try_send(address).is_ok()
    }
}
