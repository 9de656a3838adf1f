//! What a process remembers of what people saw, so that a board that is open all day does not fill the log.

use std::time::Duration;

use entity::{ApiTokenId, AuditAction, PersonId};
use moka::future::Cache;

/// How long another look at the same thing says nothing new.
const SAME_LOOK: Duration = Duration::from_hours(1);
const LOOKS: u64 = 100_000;

/// Who saw what, and with which token.
pub(super) type Look = (PersonId, Option<ApiTokenId>, AuditAction, String);

/// The looks that this process recorded within the hour.
pub struct Sights(Cache<Look, ()>);

impl Default for Sights {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(LOOKS).time_to_live(SAME_LOOK).build())
    }
}

impl Sights {
    pub(super) fn knows(&self, look: &Look) -> bool {
        self.0.contains_key(look)
    }

    pub(super) async fn keep(&self, look: Look) {
        self.0.insert(look, ()).await;
    }
}
