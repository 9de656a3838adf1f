//! The secrets of endpoints. They are derived from a setting, so that none is in the database or in a backup of it, and one can be had again
//! at each attempt.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use entity::WebhookEndpointId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What secrets of this scheme begin with.
const PREFIX: &str = "whsec_";
/// Bytes of the key that all are derived from.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 32..=64;
/// Keeps what is derived for this apart from what might be derived for something else.
const PURPOSE: &[u8] = b"muster webhook endpoint 1";

/// What the secrets of all endpoints are derived from: the setting `webhooks.key`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookKey(Vec<u8>);

impl WebhookKey {
    /// Reads the setting.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting and without the key.
    pub fn read(text: &str) -> Result<Self, String> {
        let key = STANDARD.decode(text.trim()).ok().filter(|key| KEY_BYTES.contains(&key.len()));
        key.map(Self).ok_or_else(|| {
            let (least, most) = (KEY_BYTES.start(), KEY_BYTES.end());
            format!("must be {least} to {most} random bytes in base64, as printed by: openssl rand -base64 {least}")
        })
    }

    /// The secret of an endpoint. Each generation has another.
    pub fn secret(&self, endpoint: WebhookEndpointId, generation: i32) -> EndpointSecret {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key will do");
        for part in [PURPOSE, endpoint.0.as_bytes(), &generation.to_be_bytes()] {
            mac.update(part);
        }
        EndpointSecret(mac.finalize().into_bytes().into())
    }
}

/// Shows nothing of it.
impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The secret of one endpoint.
pub struct EndpointSecret([u8; 32]);

impl EndpointSecret {
    /// What messages are signed with.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As its receiver gets it.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }

    /// What is stored of it.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use uuid::Uuid;

    fn key(byte: u8) -> WebhookKey {
        WebhookKey::read(&STANDARD.encode([byte; 32])).unwrap()
    }

    #[test]
    fn each_endpoint_generation_and_key_has_a_secret_of_its_own_that_never_changes() {
        let secret = |byte, endpoint, generation| key(byte).secret(WebhookEndpointId(Uuid::from_u128(endpoint)), generation);
        let all = [secret(1, 1, 1), secret(1, 2, 1), secret(1, 1, 2), secret(2, 1, 1)];
        let texts: BTreeSet<String> = all.iter().map(EndpointSecret::text).collect();
        let hashes: BTreeSet<String> = all.iter().map(EndpointSecret::hash).collect();
        assert_eq!((texts.len(), hashes.len()), (4, 4));
        assert_eq!(secret(1, 1, 1).text(), all[0].text());
        assert!(all[0].text().starts_with(PREFIX) && !all[0].hash().contains(&all[0].text()));
    }

    #[test]
    fn a_key_is_long_and_is_never_shown() {
        assert_eq!(format!("{:?}", key(7)), "(hidden)");
        for wrong in ["", "hunter2", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 65]), "%%%"] {
            let problem = WebhookKey::read(wrong).unwrap_err();
            assert!(problem.starts_with("must be 32 to 64") && (wrong.is_empty() || !problem.contains(wrong)), "{problem}");
        }
        assert!(WebhookKey::read(&format!(" {}\n", STANDARD.encode([7; 64]))).is_ok());
    }
}
