//! Turn-taking within a process: changes to one incident queue, so that races happen only between processes.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Number of queues; two incidents rarely share one.
const LANES: usize = 256;

/// One queue for each of [`LANES`] groups of incidents.
pub struct Lanes(Vec<Arc<Mutex<()>>>);

impl Default for Lanes {
    fn default() -> Self {
        Self((0..LANES).map(|_| Arc::default()).collect())
    }
}

impl Lanes {
    /// Waits for a turn among all callers with the same key.
    pub(crate) async fn enter(&self, key: impl Hash) -> OwnedMutexGuard<()> {
        self.0[Self::lane(key)].clone().lock_owned().await
    }

    /// Enters the lanes of two keys, always in the same order, and only once if they share a lane.
    pub(crate) async fn enter_both(&self, first: impl Hash, second: impl Hash) -> (OwnedMutexGuard<()>, Option<OwnedMutexGuard<()>>) {
        let (first, second) = (Self::lane(first), Self::lane(second));
        let (low, high) = (first.min(second), first.max(second));
        let guard = self.0[low].clone().lock_owned().await;
        (guard, if low == high { None } else { Some(self.0[high].clone().lock_owned().await) })
    }

    fn lane(key: impl Hash) -> usize {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
    }
}
