//! A team's own gateway: it verifies what is posted to it as Standard Webhooks says, and drops what it has had already.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};
use super::sign;

/// The setting `webhook.secret`.
pub const SECRET: &str = "whsec_ZmFrZSBmYWtlIGZha2UgZmFrZSBmYWtlIGZha2UhIQ==";
/// Where messages are posted to, with a parameter that must arrive as it is.
const PATH: &str = "/muster";
const QUERY: &str = "line=night+shift";
/// How far the timestamp may be from now, in seconds.
const TOLERANCE: i64 = 300;
/// Bytes of a message.
const BODY_BYTES: usize = 64 * 1024;

/// A running fake of it.
pub type ReceiverFake = Fake<Receiver>;

pub struct Receiver {
    front: Front,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By `webhook-id`, with the bytes of the first time.
    messages: BTreeMap<String, Value>,
    /// Answered instead of the usual.
    status: Option<(u16, Option<String>)>,
}

impl ReceiverFake {
    /// The setting `webhook.url`.
    pub fn hook(&self) -> String {
        format!("{}{PATH}?{QUERY}", self.url())
    }

    /// The messages, each once, in the order in which they were ordered.
    pub fn messages(&self) -> Vec<Value> {
        self.vendor.state().messages.values().cloned().collect()
    }

    /// From now on, everything is answered with this status, a redirect to here, or taken again.
    pub fn answer_with(&self, status: Option<u16>) {
        let elsewhere = format!("{}/elsewhere", self.url());
        self.vendor.state().status = status.map(|status| (status, (300..400).contains(&status).then_some(elsewhere)));
    }
}

impl Receiver {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Receiver {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        (Arc::new(Self { front, state: Mutex::default() }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[SECRET]
    }

    async fn answer(&self, request: &Request) -> Reply {
        if let Some((status, elsewhere)) = self.state().status.clone() {
            let reply = Reply::text(status, "as you wish");
            return elsewhere.map_or(reply.header("x-fake", 1), |elsewhere| Reply::text(status, "").header("location", elsewhere));
        }
        match verified(request, self.front.now().timestamp()) {
            Err(refusal) => refusal,
            Ok((id, message)) => {
                self.state().messages.entry(id).or_insert(message);
                Reply::text(204, "")
            }
        }
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let messages = || Reply::json(200, &self.state().messages.values().cloned().collect());
        (request.method == Method::GET && request.path == "/_fake/messages").then(messages)
    }
}

/// The message and its id.
fn verified(request: &Request, now: i64) -> Result<(String, Value), Reply> {
    let is_here =
        request.method == Method::POST && request.path == PATH && request.query == [("line".to_owned(), "night shift".to_owned())];
    if !is_here {
        return Err(Reply::text(404, "there is nothing here"));
    }
    if request.body.len() > BODY_BYTES || request.header("content-type") != Some("application/json") {
        return Err(Reply::text(400, "the fake takes JSON of up to 64 KiB"));
    }
    let header = |name: &str| request.header(name).filter(|value| !value.is_empty()).ok_or_else(|| Reply::text(400, name));
    let (id, timestamp, signatures) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let is_now = timestamp.parse::<i64>().is_ok_and(|then| (now - then).abs() <= TOLERANCE);
    let expected = sign::standard(SECRET, id, timestamp, &request.body);
    if !is_now || !signatures.split(' ').any(|signature| signature == expected) {
        return Err(Reply::text(401, "this is not signed with my secret, or too old"));
    }
    let message = request.json().ok_or_else(|| Reply::text(400, "this is no JSON"))?;
    let is_kind = message["type"].as_str().is_some_and(|kind| kind.starts_with("muster."));
    let is_whole = ["/data/person/id", "/data/person/name", "/data/incident/reference", "/data/title", "/data/text", "/data/link"]
        .iter()
        .all(|path| message.pointer(path).is_some_and(Value::is_string));
    if !is_kind || !is_whole || message["timestamp"] == json!(null) {
        return Err(Reply::text(400, "this is not as documented"));
    }
    Ok((id.to_owned(), message))
}
