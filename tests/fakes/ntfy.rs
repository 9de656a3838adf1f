//! A fake of an ntfy server: topics, who may write to them, and the messages published as JSON.
//!
//! Where it is stricter than the real one: fields that Muster has no use for are refused, it keeps no files, so that a text that is too long
//! is refused as well, and its limit of requests fills up again only after five minutes. Like the real one it never says when to try
//! again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use chrono::Duration;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::front::Front;
use super::http::{Reply, Request};
use super::limits::Window;
use super::serve::{Fake, Vendor};

/// The setting `ntfy.token`.
pub const TOKEN: &str = "tk_fakefakefakefakefakefakefake";
/// Bytes of a text.
const TEXT_BYTES: usize = 4096;
/// Bytes of a request.
const BODY_BYTES: usize = 2 * TEXT_BYTES;
/// Requests of one client.
const REQUESTS: usize = 60;
/// Topics that would hide pages of the server.
const RESERVED: [&str; 10] = ["docs", "static", "file", "app", "metrics", "account", "settings", "signup", "login", "v1"];
const FIELDS: [&str; 7] = ["topic", "title", "message", "priority", "tags", "click", "actions"];

/// A running fake of it.
pub type NtfyFake = Fake<Ntfy>;

pub struct Ntfy {
    front: Front,
    state: Mutex<State>,
}

struct State {
    messages: Vec<Value>,
    denied: BTreeSet<String>,
    token: &'static str,
    requests: Window,
}

impl NtfyFake {
    /// What was published, the oldest first.
    pub fn messages(&self) -> Vec<Value> {
        self.vendor.state().messages.clone()
    }

    /// From now on, nobody may write to this topic.
    pub fn deny(&self, topic: &str) {
        self.vendor.state().denied.insert(topic.to_owned());
    }

    /// From now on, the token is no longer valid.
    pub fn revoke_token(&self) {
        self.vendor.state().token = "";
    }

    /// From now on, the token is valid again.
    pub fn restore_token(&self) {
        self.vendor.state().token = TOKEN;
    }
}

impl Ntfy {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Ntfy {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        let requests = Window::new(REQUESTS, Duration::minutes(5));
        let state = State { messages: Vec::new(), denied: BTreeSet::new(), token: TOKEN, requests };
        (Arc::new(Self { front, state: Mutex::new(state) }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[TOKEN]
    }

    async fn answer(&self, request: &Request) -> Reply {
        let now = self.front.now();
        self.state().answer(now, request).unwrap_or_else(|refusal| refusal)
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let messages = || Reply::json(200, &self.state().messages.iter().cloned().collect());
        (request.method == Method::GET && request.path == "/_fake/messages").then(messages)
    }
}

impl State {
    fn answer(&mut self, now: chrono::DateTime<chrono::Utc>, request: &Request) -> Result<Reply, Reply> {
        if let Some(header) = request.header("authorization")
            && header.strip_prefix("Bearer ") != Some(self.token)
        {
            return Err(refusal(40101, "who are you?"));
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/health") => Ok(Reply::json(200, &json!({ "healthy": true }))),
            ("GET", "/v1/account") => Ok(Reply::json(200, &json!({ "username": "muster", "role": "user" }))),
            ("POST" | "PUT", "/") => {
                let message = read(request)?;
                self.requests.take(now).map_err(|_| refusal(42901, "too many requests from you"))?;
                let topic = message["topic"].as_str().unwrap_or_default();
                if self.denied.contains(topic) {
                    return Err(refusal(40301, "this topic is not yours"));
                }
                let mut published = message.clone();
                published["id"] = json!(format!("fake{:08}", self.messages.len() + 1));
                published["time"] = json!(now.timestamp());
                published["event"] = json!("message");
                self.messages.push(published.clone());
                Ok(Reply::json(200, &published))
            }
            _ => Err(refusal(40401, "there is nothing here")),
        }
    }
}

/// An error as ntfy words its own: the status is in the first digits of its number.
fn refusal(code: u16, error: &str) -> Reply {
    let status = code / 100;
    Reply::json(status, &json!({ "code": code, "http": status, "error": error, "link": "https://ntfy.sh/docs/" }))
}

fn read(request: &Request) -> Result<Value, Reply> {
    if request.body.len() > BODY_BYTES {
        return Err(refusal(41303, "the JSON is too large"));
    }
    let message: Value = serde_json::from_slice(&request.body).map_err(|_| refusal(40024, "this is no JSON"))?;
    let Some(fields) = message.as_object() else { return Err(refusal(40024, "this is no message")) };
    if let Some(unknown) = fields.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(refusal(40017, &format!("the fake takes no {unknown}")));
    }
    let text = |name: &str| fields.get(name).map_or(Some(""), Value::as_str).ok_or_else(|| refusal(40024, &format!("{name} is no text")));
    let topic = text("topic")?;
    let is_word = topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !(1..=64).contains(&topic.len()) || !is_word {
        return Err(refusal(40009, "this is no topic"));
    }
    if RESERVED.contains(&topic) {
        return Err(refusal(40010, "this topic is reserved"));
    }
    if text("title")?.contains(['\r', '\n']) {
        return Err(refusal(40000, "a title is one line"));
    }
    if text("message")?.len() > TEXT_BYTES {
        return Err(refusal(40014, "the text is too long, and the fake keeps no files"));
    }
    if !fields.get("priority").is_none_or(|priority| priority.as_u64().is_some_and(|number| (1..=5).contains(&number))) {
        return Err(refusal(40007, "a priority is 1 to 5"));
    }
    let is_link = |value: &Value| value.as_str().and_then(|url| url::Url::parse(url).ok()).is_some();
    if !fields.get("click").is_none_or(is_link) {
        return Err(refusal(40000, "click is no address"));
    }
    let is_action = |action: &Value| {
        action["action"] == "view" && action["label"].as_str().is_some_and(|label| !label.is_empty()) && is_link(&action["url"])
    };
    let actions = fields.get("actions").map(|actions| actions.as_array().map(Vec::as_slice).unwrap_or_default());
    if !actions.is_none_or(|actions| (1..=3).contains(&actions.len()) && actions.iter().all(is_action)) {
        return Err(refusal(40018, "these are no one to three actions"));
    }
    Ok(message)
}
