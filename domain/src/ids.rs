//! The only source of new ids and secrets.

use std::sync::Mutex;

use base64::Engine;
use entity::Timestamp;
use rand::{Rng, rngs::StdRng};
use uuid::{ContextV7, Uuid};

/// Makes UUIDv7 ids from the injected clock: ids from one process sort in order of creation.
pub struct IdSource(Mutex<Inner>);

struct Inner {
    counter: ContextV7,
    random: StdRng,
}

impl IdSource {
    /// A source seeded by the operating system.
    pub fn new() -> Self {
        Self::with(rand::make_rng())
    }

    fn with(random: StdRng) -> Self {
        Self(Mutex::new(Inner { counter: ContextV7::new(), random }))
    }

    /// A new id for something created at `now`.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn uuid(&self, now: Timestamp) -> Uuid {
        let inner = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(&inner.counter, seconds, now.timestamp_subsec_nanos()))
    }

    /// An id that says nothing about when it was made.
    pub fn untimed(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }

    /// 256 random bits as text that is safe in a URL, a cookie and a header.
    pub fn secret(&self) -> String {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.random::<32>())
    }

    fn random<const BYTES: usize>(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).random.fill_bytes(&mut bytes);
        bytes
    }
}

impl Default for IdSource {
    fn default() -> Self {
        Self::new()
    }
}
