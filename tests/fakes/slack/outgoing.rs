//! What the app is told: commands, buttons, forms and events, by socket or by HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::state::State;
use super::{APP, BOT_USER, SIGNING_SECRET, Slack, TEAM, socket, views};
use crate::fakes::sign;

/// How long the app may take to acknowledge.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// The pauses before it is told again. The real one waits minutes.
const AGAIN: [Duration; 3] = [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(500)];

/// What the app is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Command,
    Interaction,
    Event,
}

/// How the app is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delivering {
    /// By its socket.
    #[default]
    Socket,
    /// To this address, which is followed by `/commands`, `/interactions` or `/events`.
    Post(String),
    /// Not at all.
    Lose,
}

/// Something that the app was told.
#[derive(Clone, Debug)]
pub struct Sent {
    pub kind: Kind,
    pub payload: Value,
    /// How often it was tried.
    pub attempts: usize,
    /// What it answered; none if it did not acknowledge.
    pub answer: Option<Value>,
    /// How long the last attempt took.
    pub took: Duration,
}

/// Something on its way.
pub(super) struct Going {
    pub kind: Kind,
    pub payload: Value,
}

#[derive(Default)]
pub(super) struct Outgoing {
    pub delivering: Delivering,
    /// Whether events are told twice.
    pub doubles: bool,
    /// Events that wait to be told in another order; none: they are told at once.
    pub held: Option<Vec<Going>>,
    pub sent: Vec<Sent>,
}

impl Slack {
    /// Tells the app, unless events are held back.
    pub(super) fn tell(&self, kind: Kind, payload: Value) {
        let mut outgoing = self.outgoing();
        let going = Going { kind, payload };
        match &mut outgoing.held {
            Some(held) if kind == Kind::Event => held.push(going),
            _ => {
                let copies = if kind == Kind::Event && outgoing.doubles { 2 } else { 1 };
                for _ in 0..copies {
                    self.send(Going { kind, payload: going.payload.clone() });
                }
            }
        }
    }

    pub(super) fn send(&self, going: Going) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.queue.send(going).expect("the sender runs as long as the fake");
    }

    /// Tells of an event, in its envelope.
    pub(super) fn event(&self, state: &mut State, event: Value) {
        let at = self.front.now();
        let payload = json!({
            "token": "legacy-fixed-value", "team_id": TEAM, "api_app_id": APP, "event": event, "type": "event_callback",
            "event_id": state.id("Ev"), "event_time": at.timestamp(), "is_ext_shared_channel": false, "event_context": "4-fake",
            "authorizations": [{ "enterprise_id": null, "team_id": TEAM, "user_id": BOT_USER, "is_bot": true, "is_enterprise_install": false }],
        });
        self.tell(Kind::Event, payload);
    }
}

pub(super) async fn send_all(slack: Arc<Slack>, mut queued: UnboundedReceiver<Going>) {
    let mut under_way = JoinSet::new();
    while let Some(going) = queued.recv().await {
        while under_way.try_join_next().is_some() {}
        under_way.spawn(deliver(Arc::clone(&slack), going));
    }
}

async fn deliver(slack: Arc<Slack>, going: Going) {
    let (mut attempts, mut answer, mut took) = (0, None, Duration::ZERO);
    let tries = if going.kind == Kind::Event { AGAIN.len() } else { 1 };
    while attempts <= tries && answer.is_none() {
        if attempts > 0 {
            tokio::time::sleep(AGAIN[attempts - 1]).await;
        }
        let delivering = slack.outgoing().delivering.clone();
        let begun = Instant::now();
        answer = match delivering {
            Delivering::Socket => socket::send(&slack, &going, attempts).await,
            Delivering::Post(address) => post(&slack, &address, &going, attempts).await,
            Delivering::Lose => break,
        };
        took = begun.elapsed();
        attempts += 1;
    }
    if let Some(answer) = &answer {
        slack.state().apply(&going, answer);
    }
    slack.outgoing().sent.push(Sent { kind: going.kind, payload: going.payload, attempts, answer, took });
    slack.waiting.fetch_sub(1, Ordering::SeqCst);
}

/// Posts it, and returns what was answered if it was acknowledged in time.
async fn post(slack: &Slack, address: &str, going: &Going, attempt: usize) -> Option<Value> {
    let (path, media_type, body) = encoded(going);
    let timestamp = slack.front.now().timestamp().to_string();
    let mut request = slack
        .http
        .post(format!("{address}/{path}"))
        .timeout(PATIENCE)
        .header("content-type", media_type)
        .header("x-slack-signature", sign::slack(SIGNING_SECRET, &timestamp, body.as_bytes()))
        .header("x-slack-request-timestamp", timestamp);
    if attempt > 0 {
        request = request.header("x-slack-retry-num", attempt).header("x-slack-retry-reason", "http_timeout");
    }
    let answer = request.body(body).send().await.ok().filter(|answer| answer.status() == 200)?;
    let text = answer.text().await.ok()?;
    Some(serde_json::from_str(&text).unwrap_or(Value::Null))
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The path, type and body of what is posted.
pub(super) fn encoded(going: &Going) -> (&'static str, &'static str, String) {
    let form = |pairs: Vec<(&str, String)>| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    match going.kind {
        Kind::Event => ("events", "application/json", going.payload.to_string()),
        Kind::Interaction => ("interactions", FORM, form(vec![("payload", going.payload.to_string())])),
        Kind::Command => {
            let fields = going.payload.as_object().into_iter().flatten();
            ("commands", FORM, form(fields.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default().to_owned())).collect()))
        }
    }
}

impl State {
    /// What becomes of a form that was filled in.
    fn apply(&mut self, going: &Going, answer: &Value) {
        if going.payload["type"] != "view_submission" {
            return;
        }
        let Some(id) = going.payload["view"]["id"].as_str() else { return };
        let hash = self.id("h");
        match answer["response_action"].as_str() {
            Some("update") => {
                assert_eq!(views::problem(&answer["view"]), None, "the form that takes the place of another: {answer}");
                if let Some(view) = self.views.get_mut(id) {
                    view.show(answer["view"].clone(), hash);
                }
            }
            Some("errors") => {
                if let Some(view) = self.views.get_mut(id) {
                    view.errors = answer["errors"].clone();
                }
            }
            _ => drop(self.views.remove(id)),
        }
    }
}
