//! The team's own gateway, by a webhook that is signed as the Standard Webhooks specification says.
//!
//! The receiver takes each message to its person in its own way. It knows a repeated one by `webhook-id`, which is the same at each
//! attempt; the timestamp is that of the attempt. The receiver's status says everything: no answer's body is read.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use domain::clock::{Clock, SystemClock};
use domain::ports::{Effect, Order, Outlet, Receipt, Refusal, Webhook, WebhookOrder};
use serde_json::{Value, json};

use super::client::{self, Api, CallLimits, Failed, Pace, Vendor};
use super::standard::signature;

/// A gateway has no limit that we know of, and says so if we reach it.
const REQUESTS: usize = 600;
const WINDOW: Duration = Duration::from_mins(1);
/// What secrets of this scheme begin with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// How the gateway is reached.
#[derive(Clone)]
pub struct WebhookSettings {
    /// Where messages are posted to.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
}

/// Posts messages.
pub struct WebhookOutlet {
    api: Api,
    key: Vec<u8>,
}

impl WebhookOutlet {
    /// An outlet with these settings. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &WebhookSettings) -> Result<Self, String> {
        Self::with_limits(settings, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(WebhookSettings { url, secret }: &WebhookSettings, limits: CallLimits) -> Result<Self, String> {
        let key = key(secret).map_err(|problem| format!("webhook.secret {problem}"))?;
        let vendor = Vendor { name: "The webhook's receiver", credentials: "webhook.secret", secrets: vec![secret.clone()] };
        let api = address(url)
            .and_then(|url| Api::new(vendor, url, None, Pace::new(REQUESTS, WINDOW), limits))
            .map_err(|problem| format!("webhook.url {problem}"))?;
        Ok(Self { api, key })
    }
}

/// Reads where messages are posted to.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting.
pub fn address(text: &str) -> Result<url::Url, String> {
    client::endpoint(text, "must be a web address without user and password, such as https://gateway.example.org/muster")
}

/// Reads a secret.
///
/// # Errors
/// What is wrong, worded to follow the name of the setting and without the secret.
pub fn key(secret: &str) -> Result<Vec<u8>, String> {
    let key = secret.strip_prefix(PREFIX).and_then(|encoded| STANDARD.decode(encoded).ok());
    key.filter(|key| SECRET_BYTES.contains(&key.len())).ok_or_else(|| {
        let (least, most) = (SECRET_BYTES.start(), SECRET_BYTES.end());
        format!("must be {PREFIX} and {least} to {most} random bytes in base64, as printed by: echo {PREFIX}$(openssl rand -base64 32)")
    })
}

#[async_trait]
impl Outlet for WebhookOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let Effect::Webhook(WebhookOrder::Webhook(webhook)) = &order.effect else {
            return Err(Refusal::Never("the webhook carries nothing but messages to people".to_owned()));
        };
        let (id, body) = (order.delivery.to_string(), body(order, webhook).to_string());
        let timestamp = SystemClock.now().timestamp().to_string();
        let signature = signature(&self.key, &id, &timestamp, &body);
        let call = self.api.post_here().header("webhook-id", &id).header("webhook-timestamp", &timestamp);
        call.header("webhook-signature", &signature).json_text(body).accepted().await.map_err(refusal)?;
        Ok(Receipt::default())
    }
}

fn body(order: &Order, Webhook { to, incident, reference, shown }: &Webhook) -> Value {
    json!({
        "type": format!("muster.{}", shown.purpose),
        "timestamp": order.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "data": {
            "person": { "id": to.id.to_string(), "name": to.name, "email": to.email, "phone": to.phone },
            "incident": { "id": incident.to_string(), "reference": reference },
            "title": shown.title,
            "text": shown.text,
            "link": shown.link,
        },
    })
}

fn refusal(failed: Failed) -> Refusal {
    if failed.status() == Some(403) { failed.locked() } else { failed.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_named_and_the_secret_is_not() {
        let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
        let connect = |url: &str, secret: &str| {
            WebhookOutlet::connect(&WebhookSettings { url: url.to_owned(), secret: secret.to_owned() }).err().unwrap_or_default()
        };
        for url in ["https://gateway.example.org/muster?key=1", "http://127.0.0.1:9000/hook"] {
            assert_eq!(connect(url, &secret), "");
        }
        for url in ["http://gateway.example.org/", "gateway.example.org", "https://u:p@gateway.example.org/", "https://x.org/#a", ""] {
            assert!(connect(url, &secret).starts_with("webhook.url must"), "{url}");
        }
        let (short, long) = (format!("whsec_{}", STANDARD.encode([7; 23])), format!("whsec_{}", STANDARD.encode([7; 65])));
        for secret in ["hunter2", "whsec_hunter2!", &short, &long, &secret["whsec_".len()..]] {
            let problem = connect("https://gateway.example.org/", secret);
            assert!(problem.starts_with("webhook.secret must be whsec_") && !problem.contains(secret), "{problem}");
        }
    }
}
