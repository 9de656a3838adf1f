//! A fake of Amazon SNS, as far as its subscribers see it: it has a certificate, signs messages with its key, and has subscriptions confirmed.
//!
//! Where it is stricter than the real one: whatever else is asked for is an error, and so is a confirmation with a token that it did not give.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};

/// The topic.
pub const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";
/// What confirms a subscription.
const TOKEN: &str = "token-of-the-fake";
/// Where the certificate is.
const PATH: &str = "/SimpleNotificationService-010a507c1833636cd94bdb98bd93083a.pem";
/// Its own, valid from 2020 to 2119.
const CERTIFICATE: &str = include_str!("sns_certificate.pem");
const KEY: &str = include_str!("sns_key.pem");

/// A running fake of it.
pub type SnsFake = Fake<Sns>;

pub struct Sns {
    front: Front,
    confirmed: Mutex<usize>,
}

impl SnsFake {
    /// A notification of the topic.
    pub fn notification(&self, message: &Value) -> Value {
        self.signed(json!({ "Type": "Notification", "Subject": "ALARM", "Message": message.to_string() }))
    }

    /// What a new subscriber is asked.
    pub fn confirmation(&self) -> Value {
        let subscribe = format!("{}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}", self.url());
        self.signed(json!({ "Type": "SubscriptionConfirmation", "Message": "You have chosen", "Token": TOKEN, "SubscribeURL": subscribe }))
    }

    /// How often a subscription was confirmed.
    pub fn confirmed(&self) -> usize {
        *self.vendor.confirmed()
    }

    fn signed(&self, mut message: Value) -> Value {
        message["MessageId"] = json!("22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324");
        message["Timestamp"] = json!("2026-11-22T03:00:00.000Z");
        message["TopicArn"] = json!(TOPIC);
        let names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
        let lines = names.iter().filter_map(|name| Some([*name, "\n", message.get(*name)?.as_str()?, "\n"].concat()));
        let signed = lines.collect::<Vec<_>>().concat();
        message["SignatureVersion"] = json!("2");
        message["Signature"] = json!(STANDARD.encode(signature(signed.as_bytes())));
        message["SigningCertURL"] = json!(format!("{}{PATH}", self.url()));
        message
    }
}

/// The signature of `text` by the key of the certificate.
fn signature(text: &[u8]) -> Vec<u8> {
    let encoded: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(encoded).expect("the key is in base64")).expect("it is a key");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).expect("it is long enough");
    signature
}

impl Sns {
    fn confirmed(&self) -> MutexGuard<'_, usize> {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Sns {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        (Arc::new(Self { front, confirmed: Mutex::default() }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[]
    }

    async fn answer(&self, request: &Request) -> Reply {
        let confirms = request.argument("Action") == Some("ConfirmSubscription")
            && request.argument("TopicArn") == Some(TOPIC)
            && request.argument("Token") == Some(TOKEN);
        match (&request.method, &*request.path) {
            (&Method::GET, PATH) => Reply::text(200, CERTIFICATE),
            (&Method::GET, "/") if confirms => {
                *self.confirmed() += 1;
                Reply::text(200, "<ConfirmSubscriptionResponse/>")
            }
            _ => Reply::text(404, "the fake has nothing else"),
        }
    }

    fn control(&self, _: &Request) -> Option<Reply> {
        None
    }
}
