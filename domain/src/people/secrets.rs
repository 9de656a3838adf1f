//! Random secrets, of which only the hash is kept, and what a process remembers of those that it has seen.

use crate::authz::Actor;
use crate::wake::Waker;
use entity::{ApiTokenId, Timestamp};
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a process trusts what it last read about a secret.
pub const CACHED_FOR: Duration = Duration::from_secs(5);
const CACHED_SECRETS: u64 = 10_000;

/// A secret that came with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A program's.
    Token(String),
    /// A browser's.
    Session(String),
}

/// What the process remembers about the secrets it has seen, by their hash. What was read before somebody's access changed no longer counts.
pub struct SecretCache(Cache<String, Opened>);

impl Default for SecretCache {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CACHED_SECRETS).time_to_live(CACHED_FOR).build())
    }
}

impl SecretCache {
    pub(super) async fn get(&self, hash: &str, waker: &Waker) -> Option<Opened> {
        self.0.get(hash).await.filter(|opened| opened.as_of == waker.access())
    }

    pub(super) async fn keep(&self, hash: String, opened: Opened) {
        self.0.insert(hash, opened).await;
    }
}

/// What a valid secret opens.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) actor: Actor,
    pub(super) expires_at: Option<Timestamp>,
    /// What [`Waker::access`] was before it was read.
    pub(super) as_of: u64,
    /// For a token, its id and when its use was last recorded.
    pub(super) token: Option<(ApiTokenId, Option<Timestamp>)>,
}

/// What is stored of a secret.
pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}
