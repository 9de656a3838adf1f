//! Push messages to phones, by an ntfy server.
//!
//! One message goes to one person's topic, published as JSON. ntfy has no key by which it knows a message again: after a lost answer the
//! message is published once more, because a phone that rings twice is better than one that doesn't.

use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Effect, Finding, Order, Outlet, Push, PushOrder, Receipt, Refusal};
use entity::Operation;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{self, Api, CallLimits, Failed, Pace, Vendor};

/// What ntfy.sh takes from one address at once. After that it takes fewer, and says so.
const REQUESTS: usize = 60;
const WINDOW: Duration = Duration::from_mins(1);
/// The longest text, in bytes: ntfy makes a file of what is longer. Counted as JSON, it also keeps the whole within twice as many, which is
/// ntfy's other limit.
const TEXT_BYTES: usize = 4096;
/// The longest title. Screens show less.
const TITLE_BYTES: usize = 512;
/// Takes the place of what was cut off.
const CUT: &str = "…";

/// How ntfy is reached.
#[derive(Clone)]
pub struct NtfySettings {
    /// The address of the server: scheme and host.
    pub url: String,
    /// The access token of Muster's account, where the server wants one.
    pub token: Option<String>,
}

/// Publishes messages.
pub struct NtfyOutlet {
    api: Api,
    has_token: bool,
}

#[derive(Deserialize)]
struct Published {
    id: String,
}

#[derive(Deserialize)]
struct Health {
    healthy: bool,
}

impl NtfyOutlet {
    /// An outlet with these settings. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &NtfySettings) -> Result<Self, String> {
        Self::with_limits(settings, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(NtfySettings { url, token }: &NtfySettings, limits: CallLimits) -> Result<Self, String> {
        let vendor = Vendor { name: "ntfy", credentials: "ntfy.token", secrets: token.iter().cloned().collect() };
        let authorization = token.as_ref().map(|token| format!("Bearer {token}"));
        let api = client::base_url(url)
            .and_then(|base| Api::new(vendor, base, authorization.as_deref(), Pace::new(REQUESTS, WINDOW), limits))
            .map_err(|problem| format!("ntfy.url {problem}"))?;
        Ok(Self { api, has_token: token.is_some() })
    }

    async fn health(&self) -> Option<String> {
        match self.api.get("/v1/health").send::<Health>().await {
            Ok(Health { healthy: true }) => None,
            Ok(Health { healthy: false }) => Some("The server says that it is not healthy: see its log.".to_owned()),
            Err(failed) => Some(Refusal::from(failed).reason().to_owned()),
        }
    }

    /// Whether the token is taken. A server without accounts takes any.
    async fn token(&self) -> Option<String> {
        match self.api.get("/v1/account").accepted().await {
            Err(failed) if failed.status() != Some(404) => Some(Refusal::from(failed).reason().to_owned()),
            Ok(()) | Err(_) => None,
        }
    }
}

#[async_trait]
impl Outlet for NtfyOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let Effect::Push(PushOrder::Push(push)) = &order.effect else {
            return Err(Refusal::Never("ntfy carries nothing but push messages".to_owned()));
        };
        let published = self.api.post_here().json(&message(push)).send::<Published>().await;
        let Published { id } = published.map_err(|failed| refusal(failed, push))?;
        Ok(Receipt { external_id: Some(id), ..Receipt::default() })
    }

    async fn check(&self) -> Vec<Finding> {
        let health = Finding { what: "The ntfy server can be reached".to_owned(), problem: self.health().await };
        if health.problem.is_some() || !self.has_token {
            return vec![health];
        }
        vec![health, Finding { what: "It accepts the token".to_owned(), problem: self.token().await }]
    }
}

/// The message as ntfy takes it.
fn message(push: &Push) -> Value {
    let shown = &push.shown;
    let (priority, tags, label) = match shown.purpose {
        Operation::Page => (5, json!(["rotating_light"]), "Answer"),
        Operation::Offer => (4, json!([]), "Open"),
        _ => (3, json!([]), "Open"),
    };
    json!({
        "topic": push.topic,
        "title": fitting(&shown.title, TITLE_BYTES),
        "message": fitting(&shown.text, TEXT_BYTES),
        "priority": priority,
        "tags": tags,
        "click": shown.link,
        "actions": [{ "action": "view", "label": label, "url": shown.link, "clear": true }],
    })
}

/// The text or, if it takes more than `most` bytes in JSON, its beginning.
fn fitting(text: &str, most: usize) -> String {
    let mut used = 0;
    let mut cut = 0;
    for (at, character) in text.char_indices() {
        if used + CUT.len() <= most {
            cut = at;
        }
        used += written(character);
        if used > most {
            return format!("{}{CUT}", text[..cut].trim_end());
        }
    }
    text.to_owned()
}

/// How many bytes a character takes in JSON.
fn written(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        _ if character.is_ascii_control() => 6,
        _ => character.len_utf8(),
    }
}

/// A topic has rights of its own, so being refused one says nothing about the others.
fn refusal(failed: Failed, push: &Push) -> Refusal {
    if failed.status() == Some(403) {
        return Refusal::Never(format!(
            "ntfy does not let Muster write to the topic of {} (403). Give the account of ntfy.token the right to, or set another topic.",
            push.to_name
        ));
    }
    failed.into()
}

#[cfg(test)]
mod tests {
    use domain::ports::Shown;

    use super::*;

    fn push(purpose: Operation, text: &str) -> Push {
        let shown =
            Shown { purpose, title: "PAGE INC-1".into(), text: text.into(), link: "https://muster.example.org/answer?page=x".into() };
        Push { to_name: "Kim".into(), topic: "kim-7Jd".into(), shown }
    }

    #[test]
    fn a_page_rings_and_other_messages_do_not() {
        let page = message(&push(Operation::Page, "You are needed."));
        assert_eq!(
            page,
            json!({
                "topic": "kim-7Jd", "title": "PAGE INC-1", "message": "You are needed.", "priority": 5, "tags": ["rotating_light"],
                "click": "https://muster.example.org/answer?page=x",
                "actions": [{ "action": "view", "label": "Answer", "url": "https://muster.example.org/answer?page=x", "clear": true }],
            })
        );
        for (purpose, priority) in [(Operation::Offer, 4), (Operation::Remind, 3)] {
            assert_eq!(message(&push(purpose, "x"))["priority"], priority, "{purpose}");
        }
    }

    #[test]
    fn a_text_is_cut_at_a_character_and_keeps_its_beginning() {
        for (text, most, expected) in [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abc…"),
            ("ääää", 8, "ääää"),
            ("äääää", 8, "ää…"),
            ("ab   defgh", 8, "ab…"),
            ("a\nb\nc\nd", 10, "a\nb\nc\nd"),
            ("a\nb\nc\nd", 9, "a\nb…"),
            ("a\"b\\", 6, "a\"b\\"),
            ("", 4, ""),
        ] {
            assert_eq!(fitting(text, most), expected, "{text:?} in {most}");
        }
        for text in ["x", "ä", "\n", "\"", "\u{1f525}", "\u{1}"] {
            for length in [4095, 4096, 4097, 9000] {
                let message = message(&push(Operation::Page, &text.repeat(length)));
                let (text, whole) = (message["message"].as_str().unwrap().len(), message.to_string().len());
                assert!(text <= 4096 && whole <= 8192, "{text} of {whole}");
            }
        }
    }

    #[test]
    fn the_settings_are_named_and_the_token_is_not() {
        let connect = |url: &str, token: Option<&str>| {
            NtfyOutlet::connect(&NtfySettings { url: url.to_owned(), token: token.map(str::to_owned) }).err().unwrap_or_default()
        };
        assert_eq!(connect("https://ntfy.sh", None), "");
        assert_eq!(connect("https://ntfy.example.org", Some("tk_x")), "");
        for (url, token) in [("http://ntfy.example.org", None), ("https://ntfy.sh/topic", None), ("https://ntfy.sh", Some("hun\nter2"))] {
            let problem = connect(url, token);
            assert!(problem.starts_with("ntfy.url ") && !problem.contains("ter2"), "{problem}");
        }
    }
}
