//! Random secrets, of which only the hash is kept, and what a process remembers of those that it has seen.

use crate::authz::Actor;
use entity::{ApiTokenId, Timestamp};
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a process trusts what it last read about a secret.
pub const CACHED_FOR: Duration = Duration::from_secs(5);
const CACHED_SECRETS: u64 = 10_000;

/// What the process remembers about the secrets it has seen, by their hash.
pub struct SecretCache(pub(super) Cache<String, Opened>);

impl Default for SecretCache {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CACHED_SECRETS).time_to_live(CACHED_FOR).build())
    }
}

impl SecretCache {
    /// Forgets everything, because somebody's access has changed.
    pub(super) fn clear(&self) {
        self.0.invalidate_all();
    }
}

/// What a valid secret opens.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) actor: Actor,
    pub(super) expires_at: Option<Timestamp>,
    /// For a token, its id and when its use was last recorded.
    pub(super) token: Option<(ApiTokenId, Option<Timestamp>)>,
}

/// What is stored of a secret.
pub(crate) fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}
