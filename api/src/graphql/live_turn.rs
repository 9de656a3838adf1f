//! Events of subscriptions are resolved a few at a time, so that a change with thousands of watchers leaves the database to others as well.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turn of one subscription: taken when an event comes, given back when it has been resolved.
#[derive(Clone)]
pub struct LiveTurn {
    turns: Arc<Semaphore>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl LiveTurn {
    pub fn new(turns: &Arc<Semaphore>) -> Self {
        Self { turns: Arc::clone(turns), held: Arc::default() }
    }

    /// Waits until the event that has come may be resolved.
    pub async fn take(&self) {
        // It is closed by nobody.
        let permit = self.turns.clone().acquire_owned().await.ok();
        self.hold(permit);
    }

    /// The event has been resolved.
    pub fn end(&self) {
        self.hold(None);
    }

    fn hold(&self, permit: Option<OwnedSemaphorePermit>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }
}
