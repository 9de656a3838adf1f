//! Signatures of bodies: HMAC with SHA-256, compared in constant time.

use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::kind::Signed;

/// How far the time of a signature may be from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

impl<'a> Signed<'a> {
    /// A header that must be there.
    ///
    /// # Errors
    /// That it is missing.
    pub fn header(&self, name: &str) -> Result<&'a str, String> {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("The header {name} is missing."))
    }

    /// Fails unless the seconds since 1970 in the header `name` are near our time: else what was signed once could be sent again for ever.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn is_recent(&self, name: &str) -> Result<(), String> {
        let seconds = self.header(name)?.parse::<i64>().ok();
        let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        if time.is_some_and(|time| (time - self.now).abs() <= WINDOW) {
            return Ok(());
        }
        let minutes = WINDOW.num_minutes();
        Err(format!("{name} is more than {minutes} minutes from now: it is a replay, or a clock is wrong."))
    }

    /// Fails unless one of `shown` is the signature of `parts`, one after the other, by the secret.
    ///
    /// # Errors
    /// That none is.
    pub fn has_signed(&self, shown: impl IntoIterator<Item = Vec<u8>>, parts: &[&[u8]]) -> Result<(), String> {
        self.has_signed_with(self.secret.as_bytes(), shown, parts)
    }

    /// The same by a key that the secret stands for.
    ///
    /// # Errors
    /// As [`Self::has_signed`].
    pub fn has_signed_with(&self, key: &[u8], shown: impl IntoIterator<Item = Vec<u8>>, parts: &[&[u8]]) -> Result<(), String> {
        let wrong = || "The signature is wrong: the secret there must match the setting signing_secret here.".to_owned();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| wrong())?;
        for part in parts {
            mac.update(part);
        }
        let is_right = shown.into_iter().any(|shown| mac.clone().verify_slice(&shown).is_ok());
        if is_right { Ok(()) } else { Err(wrong()) }
    }
}

/// The bytes that hexadecimal text stands for; none for anything else.
pub fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.trim()).ok()
}
