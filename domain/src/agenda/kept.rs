//! The calendars that a process read a moment ago, so that a program that asks every second costs no query.

use std::sync::Arc;

use chrono::Duration;
use entity::Timestamp;
use moka::future::Cache;
use sha2::{Digest, Sha256};

use crate::wake::Waker;

/// How long what was read is good for.
const FRESH: Duration = Duration::minutes(1);
/// Of all that are kept.
const BYTES: u64 = 32 * 1024 * 1024;

/// A calendar, as programs read it.
pub struct Agenda {
    /// The file.
    pub text: String,
    /// Its SHA-256, in hex.
    pub sha256: String,
    read_at: Timestamp,
    /// What [`Waker::access`] was before it was read.
    as_of: u64,
}

impl Agenda {
    pub(super) fn new(text: String, read_at: Timestamp, as_of: u64) -> Self {
        let sha256 = hex::encode(Sha256::digest(&text));
        Self { text, sha256, read_at, as_of }
    }
}

/// What was read, by the hash of its link's secret. What was read before somebody's access changed no longer counts.
pub struct Kept(Cache<String, Arc<Agenda>>);

impl Default for Kept {
    fn default() -> Self {
        let weight = |_: &String, agenda: &Arc<Agenda>| u32::try_from(agenda.text.len()).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weight).max_capacity(BYTES).time_to_live(FRESH.to_std().unwrap_or_default()).build())
    }
}

impl Kept {
    pub(super) async fn get(&self, hash: &str, now: Timestamp, waker: &Waker) -> Option<Arc<Agenda>> {
        let is_good = |agenda: &Arc<Agenda>| agenda.as_of == waker.access() && now - agenda.read_at < FRESH;
        self.0.get(hash).await.filter(is_good)
    }

    pub(super) async fn keep(&self, hash: String, agenda: Arc<Agenda>) {
        self.0.insert(hash, agenda).await;
    }
}
