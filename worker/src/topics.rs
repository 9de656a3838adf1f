//! Amazon SNS, as far as its topics tell of alerts: whether a message is genuine, and the confirmation of a subscription.
//!
//! `api` calls this behind [`domain::ports::Topics`], with addresses at hosts of the settings that it has checked. Certificates are kept;
//! they are fetched one at a time, without redirects, and bounded in time and length, so that strangers can't have us fetch much.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Shared, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{NotGenuine, TopicDigest, TopicMessage, Topics};
use entity::Timestamp;
use reqwest::Client;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;
use x509_cert::Certificate;
use x509_cert::der::DecodePem;

use crate::outlets::client::{is_this_machine, tls};

const CONNECTING: Duration = Duration::from_secs(3);
/// How long an answer may take: Amazon waits 15 seconds for ours.
const PATIENCE: Duration = Duration::from_secs(8);
/// Bytes of an answer: a certificate has some two thousand.
const ANSWER_BYTES: usize = 64 * 1024;
/// Certificates that are kept: each region has one, and replaces it once a year.
const KEPT: usize = 16;
/// How long nothing is fetched after that failed.
const LEFT_ALONE: Duration = Duration::from_secs(3);

/// Amazon SNS.
pub struct Sns {
    client: Client,
    known: Shared<BTreeMap<String, Arc<Signer>>>,
    /// When a fetch failed last. Held by whoever fetches.
    fetching: Mutex<Option<Instant>>,
}

/// What is needed of a certificate.
struct Signer {
    /// The RSA key.
    key: Vec<u8>,
    /// When it is valid, in seconds since 1970.
    valid: std::ops::RangeInclusive<i64>,
}

impl Sns {
    /// Ready to fetch from these `hosts`; nothing is fetched yet.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a Url>) -> Result<Self, String> {
        let tls = tls().map_err(|error| format!("encryption can't be set up: {error}"))?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
        if hosts.into_iter().any(is_this_machine) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| error.without_url().to_string())?;
        Ok(Self { client, known: Shared::default(), fetching: Mutex::default() })
    }

    async fn signer(&self, address: &str) -> Result<Arc<Signer>, NotGenuine> {
        if let Some(known) = self.known(address) {
            return Ok(known);
        }
        let busy = || NotGenuine::Unavailable("The certificate of Amazon SNS is being fetched: send it again.".to_owned());
        let mut failed = self.fetching.try_lock().map_err(|_| busy())?;
        if let Some(known) = self.known(address) {
            return Ok(known);
        }
        if failed.is_some_and(|at| at.elapsed() < LEFT_ALONE) {
            return Err(NotGenuine::Unavailable("The certificate of Amazon SNS could not be fetched: send it again.".to_owned()));
        }
        let fetched = match self.get(address).await {
            Ok(body) => Signer::read(&body),
            Err(refusal) => Err(refusal),
        };
        *failed = fetched.is_err().then(Instant::now);
        let signer = Arc::new(fetched?);
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(address.to_owned(), signer.clone());
        Ok(signer)
    }

    fn known(&self, address: &str) -> Option<Arc<Signer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    async fn get(&self, address: &str) -> Result<Vec<u8>, NotGenuine> {
        let url = Url::parse(address).map_err(|_| NotGenuine::Untrusted("The address can't be read.".to_owned()))?;
        if url.scheme() != "https" && !is_this_machine(&url) {
            return Err(NotGenuine::Untrusted("The address is not encrypted.".to_owned()));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let unavailable = |what: &str| {
            tracing::warn!(host, what, "Amazon SNS does not answer");
            NotGenuine::Unavailable("Amazon SNS does not answer: send it again.".to_owned())
        };
        let mut answer = self.client.get(url).send().await.map_err(|error| unavailable(&error.without_url().to_string()))?;
        if !answer.status().is_success() {
            return Err(unavailable(answer.status().as_str()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| unavailable(&error.without_url().to_string()))? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(unavailable("its answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

#[async_trait]
impl Topics for Sns {
    async fn verify(&self, message: &TopicMessage, now: Timestamp) -> Result<(), NotGenuine> {
        self.signer(&message.certificate).await?.verify(message, now)
    }

    async fn confirm(&self, address: &str) -> Result<(), NotGenuine> {
        self.get(address).await.map(drop)
    }
}

impl Signer {
    fn read(pem: &[u8]) -> Result<Self, NotGenuine> {
        let unreadable = |_| NotGenuine::Untrusted("The certificate of Amazon SNS can't be read.".to_owned());
        let certificate = Certificate::from_pem(pem).map_err(unreadable)?;
        let certificate = certificate.tbs_certificate();
        let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        Ok(Self {
            key: certificate.subject_public_key_info().subject_public_key.raw_bytes().to_vec(),
            valid: seconds(certificate.validity().not_before)..=seconds(certificate.validity().not_after),
        })
    }

    fn verify(&self, message: &TopicMessage, now: Timestamp) -> Result<(), NotGenuine> {
        let algorithm = match message.digest {
            TopicDigest::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            TopicDigest::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        if !self.valid.contains(&now.timestamp()) {
            return Err(NotGenuine::Untrusted("The certificate of Amazon SNS is not valid now, or our clock is wrong.".to_owned()));
        }
        let signed = UnparsedPublicKey::new(algorithm, &self.key).verify(&message.signed, &message.signature);
        signed.map_err(|_| NotGenuine::Untrusted("The signature is wrong: this message is not from Amazon SNS.".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// One of our own, valid from 2020 to 2119, and what openssl signed with its key.
    const CERTIFICATE: &[u8] = include_bytes!("../../tests/fakes/sns_certificate.pem");
    const SIGNED: &[u8] = b"Message\nhello\n";
    const SHA1: &str = "ASmCNOFo5hhjVQDgeDdOeIWsIq2Jy/DaX/jijpj4Q9irVtonKW31Ul77jVMPA34JES7IcuDWadN8sgwH8xg+reKWvWdUMCLOc8PBhjuLnhyht3NQvgxHVuo4\
        JpGIVwzxkxVaDGTvZk2vBVaw7bFgxovXJDZb6BookYcZM3HPDdeP+Ag66DWfsiydPlJz/JEInsXHOaUGCysGMLdN/J9zlir7D3bh0Mq/oumodINRBLcMEW8o\
        dKsPBA/KJII1J/h0Dqyc01ABTnecoHpH/MhETz4YJxi/vzi8xud4tpT8+AsCU0RMXtzdcR68NL5ggrGBU+cQfnve6cZt+duDYZu6rw==";
    const SHA256: &str = "dsFOXBn2JptDW9NwRtlGI6sUb60M0qdhm8GCyiMDCNwVGbkm6nWOQCkLbpGXiZUBR8gUUNjLtbj1hilMX+5MedbdEnl87h8yv0wvVXAAoN5pcqKSoOtmU2RH\
        mn0EkjaQ/XKvP7Ut8LYiMrduHRHHjWGpmAlB9sYvcPP9hHfcYJOBUQCoj8q/+VfEvesrvYX57K7TVQJxjM90Ks9F/Qwj8U1Th/kdyvVqKg4ja83PJ1VBsMMo\
        66jS3XYAxs9N2GQbqHy2t3RukrikCA4bq3Fg9BHICyEiuZQsdNMe6aGxC5yP0IyVYftKqkzgUZEMMdj1GzKagzGToz11gZYC/qMeAA==";

    #[test]
    fn what_is_no_certificate_verifies_nothing() {
        for bad in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(Signer::read(bad.as_bytes()), Err(NotGenuine::Untrusted(_))), "{bad}");
        }
    }

    #[test]
    fn a_signature_is_verified_by_its_certificate_while_that_is_valid() {
        let Ok(signer) = Signer::read(CERTIFICATE) else { panic!("the certificate can be read") };
        let verified = |digest: TopicDigest, signed: &[u8], signature: &str, now: &str| {
            let signature = STANDARD.decode(signature).unwrap();
            let message = TopicMessage { certificate: String::new(), digest, signed: signed.to_vec(), signature };
            signer.verify(&message, now.parse().unwrap()).is_ok()
        };
        let now = "2026-11-22T03:00:00Z";
        assert!(verified(TopicDigest::Sha1, SIGNED, SHA1, now) && verified(TopicDigest::Sha256, SIGNED, SHA256, now));
        assert!(!verified(TopicDigest::Sha256, SIGNED, SHA1, now) && !verified(TopicDigest::Sha1, SIGNED, SHA256, now));
        assert!(!verified(TopicDigest::Sha256, b"Message\nworld\n", SHA256, now) && !verified(TopicDigest::Sha256, SIGNED, "AAAA", now));
        for now in ["2019-12-31T23:59:59Z", "2120-01-01T00:00:01Z"] {
            assert!(!verified(TopicDigest::Sha256, SIGNED, SHA256, now), "{now}");
        }
    }
}
