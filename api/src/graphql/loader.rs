//! Loads in one statement what many fields of one request ask for.
//!
//! A field puts its key into the open batch and yields once; by then every other field that can run has run and added its key. The first to
//! resume loads for all. What the process knows already needs no batch. Unlike a loader with a timer and a task, this waits for nothing, and
//! batches are complete, because all fields of a request are polled on one task.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Ctx, Error, Result};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

/// Finds the values of many keys; keys without a value are omitted.
type Load<K, V> = fn(Arc<Ctx>, Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>>>;

/// Finds the value of a key at once, if it is known.
type Known<K, V> = fn(&Ctx, &K) -> Option<V>;

/// Batches look-ups of one kind. Lives as long as a request and caches nothing between batches, so a
/// subscription never sees stale values.
pub struct Loader<K, V> {
    /// One for all loaders of a request: what it points to is shared by all requests, so each copy of it would be counted there.
    ctx: Arc<Ctx>,
    load: Load<K, V>,
    known: Option<Known<K, V>>,
    open: Mutex<Arc<Batch<K, V>>>,
}

struct Batch<K, V> {
    keys: Mutex<HashSet<K>>,
    values: OnceCell<Result<Found<K, V>, Arc<Error>>>,
}

/// What was found for each key.
type Found<K, V> = HashMap<K, Result<V, Arc<Error>>>;

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self { keys: Mutex::default(), values: OnceCell::new() }
    }
}

impl<K, V> Loader<K, V>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub fn new(ctx: &Arc<Ctx>, load: Load<K, V>) -> Self {
        Self { ctx: ctx.clone(), load, known: None, open: Mutex::default() }
    }

    /// The same, but of what is `known` nothing is loaded.
    pub fn but_for(self, known: Known<K, V>) -> Self {
        Self { known: Some(known), ..self }
    }

    /// The value of `key`, if it has one.
    ///
    /// # Errors
    /// The failure of the whole batch, or of this key.
    pub async fn get(&self, key: K) -> Result<Option<V>, Arc<Error>> {
        if let Some(value) = self.known.and_then(|known| known(&self.ctx, &key)) {
            return Ok(Some(value));
        }
        let batch = lock(&self.open).clone();
        lock(&batch.keys).insert(key.clone());
        tokio::task::yield_now().await;
        match batch.values.get_or_init(|| self.run(&batch)).await {
            Ok(values) => values.get(&key).cloned().transpose(),
            Err(error) => Err(error.clone()),
        }
    }

    async fn run(&self, batch: &Arc<Batch<K, V>>) -> Result<Found<K, V>, Arc<Error>> {
        {
            // Anyone who asks from now on starts the next batch.
            let mut open = lock(&self.open);
            if Arc::ptr_eq(&open, batch) {
                *open = Arc::default();
            }
        }
        let keys: Vec<K> = lock(&batch.keys).iter().cloned().collect();
        let together = (self.load)(self.ctx.clone(), keys.clone()).await;
        match together {
            // What can't be shown to this caller now must not take along what can.
            Err(Error::Unrecorded { .. }) if keys.len() > 1 => Ok(self.each_alone(keys).await),
            Ok(values) => Ok(values.into_iter().map(|(key, value)| (key, Ok(value))).collect()),
            Err(error) => Err(Arc::new(error)),
        }
    }

    async fn each_alone(&self, keys: Vec<K>) -> Found<K, V> {
        let mut found = HashMap::with_capacity(keys.len());
        for key in keys {
            match (self.load)(self.ctx.clone(), vec![key.clone()]).await {
                Ok(values) => found.extend(values.into_iter().map(|(key, value)| (key, Ok(value)))),
                Err(error) => {
                    found.insert(key, Err(Arc::new(error)));
                }
            }
        }
        found
    }
}

/// Locks what is whole even after a panic: each change of it is one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
