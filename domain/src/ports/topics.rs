//! Topics (Amazon SNS) that tell of alerts.

use async_trait::async_trait;
use entity::Timestamp;

/// A message from a topic, and how to find out whether it is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMessage {
    /// Where the certificate is, at a host that the caller trusts.
    pub certificate: String,
    /// What the signature is made of.
    pub digest: TopicDigest,
    /// What is signed.
    pub signed: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What a signature is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicDigest {
    /// The topic's default.
    Sha1,
    /// Signature version 2.
    Sha256,
}

/// Why a message is not taken. The reasons are for people, and quote nothing that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotGenuine {
    /// It can't be known now.
    Unavailable(String),
    /// It is not from there.
    Untrusted(String),
}

/// Verifies messages of topics, and confirms subscriptions.
#[async_trait]
pub trait Topics: Send + Sync {
    /// Fails unless `message` was signed with the key of its certificate, and that is valid `now`.
    ///
    /// # Errors
    /// [`NotGenuine`].
    async fn verify(&self, message: &TopicMessage, now: Timestamp) -> Result<(), NotGenuine>;

    /// Confirms a subscription by asking for `address`, which is at a host that the caller trusts.
    ///
    /// # Errors
    /// [`NotGenuine::Unavailable`].
    async fn confirm(&self, address: &str) -> Result<(), NotGenuine>;
}
