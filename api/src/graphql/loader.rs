//! Loads what many fields of one request ask for in one statement.
//!
//! The first field that asks starts a batch and yields once; by then every other field that can run has run and put its
//! key in. Unlike a loader with a timer and a task, this waits for nothing and the batch is always complete, because all
//! fields of a request are polled on one task.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Ctx, Error, Result};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

type Batch<K, V> = Shared<BoxFuture<'static, Result<Arc<HashMap<K, V>>, Arc<Error>>>>;
/// Finds the values of many keys; keys without a value are left out.
type Load<K, V> = fn(Ctx, Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>>>;

/// Batches look-ups of one kind. Lives as long as a request and remembers nothing between batches, so that a
/// subscription never sees stale values.
pub struct Loader<K, V> {
    ctx: Ctx,
    load: Load<K, V>,
    waiting: Arc<Mutex<Waiting<K, V>>>,
}

struct Waiting<K, V> {
    keys: Vec<K>,
    batch: Option<Batch<K, V>>,
}

impl<K, V> Loader<K, V>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A loader for one request.
    pub fn new(ctx: &Ctx, load: Load<K, V>) -> Self {
        Self { ctx: ctx.clone(), load, waiting: Arc::new(Mutex::new(Waiting { keys: Vec::new(), batch: None })) }
    }

    /// The value of `key`, if it has one.
    ///
    /// # Errors
    /// The failure of the whole batch.
    pub async fn get(&self, key: K) -> Result<Option<V>, Arc<Error>> {
        let batch = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.keys.push(key.clone());
            waiting.batch.get_or_insert_with(|| self.batch()).clone()
        };
        Ok(batch.await?.get(&key).cloned())
    }

    fn batch(&self) -> Batch<K, V> {
        let (ctx, load, waiting) = (self.ctx.clone(), self.load, self.waiting.clone());
        let run = async move {
            tokio::task::yield_now().await;
            let mut keys = {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.batch = None;
                std::mem::take(&mut waiting.keys)
            };
            let mut seen = std::collections::HashSet::with_capacity(keys.len());
            keys.retain(|key| seen.insert(key.clone()));
            load(ctx, keys).await.map(Arc::new).map_err(Arc::new)
        };
        run.boxed().shared()
    }
}
