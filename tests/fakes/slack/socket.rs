//! Socket mode: connections of the app, on which it is told, and acknowledges.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;

use super::answer::Outcome;
use super::outgoing::{Going, Kind, PATIENCE};
use super::state::{State, wrong};
use super::{APP, Slack};

/// How long a connection lives on after the app was asked for another.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Sockets {
    open: Vec<Line>,
    /// How many there were.
    made: usize,
    /// Who waits for an envelope to be acknowledged.
    waiting: HashMap<String, oneshot::Sender<Value>>,
    next: usize,
}

struct Line {
    number: usize,
    /// `None` ends it.
    out: UnboundedSender<Option<Message>>,
}

impl Sockets {
    /// How many connections are open, and how many there ever were.
    pub fn count(&self) -> (usize, usize) {
        (self.open.len(), self.made)
    }

    /// Cuts all connections.
    pub fn cut(&mut self) {
        self.open.drain(..).for_each(|line| drop(line.out.send(None)));
    }

    /// Asks the app to open another connection before this one ends.
    pub fn refresh(&mut self) {
        let notice = json!({ "type": "disconnect", "reason": "refresh_requested", "debug_info": { "host": "fake" } });
        for line in &self.open {
            let _ = line.out.send(Some(Message::text(notice.to_string())));
            let out = line.out.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GRACE).await;
                let _ = out.send(None);
            });
        }
    }
}

impl State {
    /// An address that can be connected to once.
    pub(super) fn ticket(&mut self) -> Outcome {
        if self.refuses_sockets {
            return Err(wrong("internal_error"));
        }
        let ticket = self.id("ticket");
        self.tickets.insert(ticket.clone());
        Ok(json!({ "url": format!("ws://{}/link/?ticket={ticket}&app_id={APP}", self.socket) }))
    }
}

pub(super) async fn listen(slack: Arc<Slack>, listener: TcpListener) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("it is one");
    let mut lines = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while lines.try_join_next().is_some() {}
        lines.spawn(hold(Arc::clone(&slack), stream));
    }
}

/// One connection, until either side ends it.
async fn hold(slack: Arc<Slack>, stream: TcpStream) {
    let welcome = Arc::clone(&slack);
    #[allow(clippy::result_large_err, reason = "the library wants the whole answer")]
    let check = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let ticket = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ticket").map(|(_, value)| value.into_owned());
        if ticket.is_some_and(|ticket| welcome.state().tickets.remove(&ticket)) {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(Some("the ticket is used or unknown".to_owned()));
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else { return };
    let (mut sink, mut stream) = socket.split();
    let (out, mut queue) = mpsc::unbounded_channel();
    let number = {
        let mut sockets = slack.sockets();
        sockets.made += 1;
        let number = sockets.made;
        let hello =
            json!({ "type": "hello", "num_connections": sockets.open.len() + 1, "connection_info": { "app_id": APP }, "debug_info": {} });
        let _ = out.send(Some(Message::text(hello.to_string())));
        sockets.open.push(Line { number, out });
        number
    };
    loop {
        tokio::select! {
            message = queue.recv() => {
                let Some(Some(message)) = message else { break };
                if sink.send(message).await.is_err() {
                    break;
                }
            }
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => slack.sockets().acknowledged(&text),
                Some(Ok(_)) => {}
                _ => break,
            },
        }
    }
    slack.sockets().open.retain(|line| line.number != number);
}

impl Sockets {
    fn acknowledged(&mut self, text: &str) {
        let Ok(told) = serde_json::from_str::<Value>(text) else { return };
        if let Some(waiting) = told["envelope_id"].as_str().and_then(|id| self.waiting.remove(id)) {
            let _ = waiting.send(told["payload"].clone());
        }
    }

    /// Tells it on one of the connections.
    fn tell(&mut self, envelope: &str, going: &Going, attempt: usize) -> Option<oneshot::Receiver<Value>> {
        let (kind, takes_answer) = match going.kind {
            Kind::Command => ("slash_commands", true),
            Kind::Interaction => ("interactive", true),
            Kind::Event => ("events_api", false),
        };
        let told = json!({
            "envelope_id": envelope, "type": kind, "accepts_response_payload": takes_answer, "payload": going.payload,
            "retry_attempt": attempt, "retry_reason": if attempt > 0 { "timeout" } else { "" },
        });
        self.next += 1;
        let line = self.open.get(self.next.checked_rem(self.open.len())?)?;
        line.out.send(Some(Message::text(told.to_string()))).ok()?;
        let (acknowledge, acknowledged) = oneshot::channel();
        self.waiting.insert(envelope.to_owned(), acknowledge);
        Some(acknowledged)
    }
}

/// Tells it, and returns what was answered if it was acknowledged in time.
pub(super) async fn send(slack: &Slack, going: &Going, attempt: usize) -> Option<Value> {
    let envelope = slack.state().id("envelope");
    let acknowledged = slack.sockets().tell(&envelope, going, attempt)?;
    tokio::time::timeout(PATIENCE, acknowledged).await.ok()?.ok()
}
