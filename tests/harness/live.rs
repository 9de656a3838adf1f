//! Subscriptions as clients hold them: over WebSocket (graphql-transport-ws) and as server-sent events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::client::{Client, Refusal};
use crate::wait::within;

/// How long a test waits for the next message.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a subscription is transported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `/graphql`, graphql-transport-ws.
    WebSocket,
    /// `/graphql/stream`, distinct connections.
    ServerSentEvents,
}

/// What a subscription brings.
#[derive(Clone, Debug)]
pub enum Frame {
    /// A result: its data.
    Next(Value),
    /// It failed, at once or in the middle.
    Failed(Vec<Refusal>),
    /// It ended in order.
    Complete,
    /// The connection ended; the code is that of the WebSocket, if it named one.
    Closed(Option<u16>),
}

/// A subscription that runs until this is dropped.
pub struct Subscription {
    frames: mpsc::UnboundedReceiver<Frame>,
    reader: tokio::task::JoinHandle<()>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Subscription {
    /// The next frame.
    pub async fn frame(&mut self) -> Frame {
        within("the next message of a subscription", PATIENCE, self.frame_sometime()).await
    }

    /// The next frame, however long it takes.
    pub async fn frame_sometime(&mut self) -> Frame {
        self.frames.recv().await.unwrap_or(Frame::Closed(None))
    }

    /// The data of the next result.
    pub async fn next(&mut self) -> Value {
        match self.frame().await {
            Frame::Next(data) => data,
            other => panic!("a result was expected, but got {other:?}"),
        }
    }

    /// Reads on until the subscription ends, and returns the code by which it was refused (empty where it just
    /// ended) and the results that came before.
    pub async fn end(&mut self) -> (String, Vec<Value>) {
        let mut results = Vec::new();
        loop {
            match self.frame().await {
                Frame::Next(data) => results.push(data),
                Frame::Failed(errors) => return (errors.first().map(|error| error.code().to_owned()).unwrap_or_default(), results),
                Frame::Complete => return (String::new(), results),
                Frame::Closed(code) => return (code.map(|code| code.to_string()).unwrap_or_default(), results),
            }
        }
    }

    /// Whether nothing has come that was not read yet.
    pub fn is_silent(&mut self) -> bool {
        self.frames.try_recv().is_err()
    }
}

impl Client {
    /// Subscribes; the caller reads what comes, also a refusal.
    pub async fn subscribe(&self, transport: Transport, query: &str, variables: Value) -> Subscription {
        self.try_subscribe(transport, query, variables).await.expect("the server takes connections")
    }

    /// Subscribes at a server that may be away: `None` if there is no connection.
    pub async fn try_subscribe(&self, transport: Transport, query: &str, variables: Value) -> Option<Subscription> {
        let payload = json!({ "query": query, "variables": variables });
        match transport {
            Transport::WebSocket => self.over_websocket(payload).await,
            Transport::ServerSentEvents => self.over_events(payload).await,
        }
    }

    async fn over_websocket(&self, payload: Value) -> Option<Subscription> {
        let url = format!("{}/graphql", self.base.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("the address is well formed");
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header value"));
        let connected = tokio_tungstenite::connect_async_tls_with_config(request, None, false, self.tls.clone()).await;
        let (mut socket, _) = connected.ok()?;
        let credentials = self.token.as_ref().map(|token| json!({ "Authorization": format!("Bearer {token}") }));
        let init = json!({ "type": "connection_init", "payload": credentials }).to_string();
        socket.send(Message::text(init)).await.ok()?;
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload }).to_string();
        let (sender, frames) = mpsc::unbounded_channel();
        let reader = tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                let frame = match message {
                    Message::Text(text) => {
                        let message: Value = serde_json::from_str(&text).expect("messages are JSON");
                        match message["type"].as_str() {
                            Some("connection_ack") => {
                                let _ = socket.send(Message::text(subscribe.clone())).await;
                                continue;
                            }
                            Some("next") => result(&message["payload"]),
                            Some("error") => Frame::Failed(refusals(&message["payload"])),
                            Some("complete") => Frame::Complete,
                            Some("ping") => {
                                let _ = socket.send(Message::text(r#"{"type":"pong"}"#)).await;
                                continue;
                            }
                            _ => continue,
                        }
                    }
                    Message::Close(close) => Frame::Closed(close.map(|close| close.code.into())),
                    _ => continue,
                };
                if sender.send(frame).is_err() {
                    return;
                }
            }
        });
        Some(Subscription { frames, reader })
    }

    async fn over_events(&self, payload: Value) -> Option<Subscription> {
        let request = self.request(reqwest::Method::POST, "/graphql/stream").header("accept", "text/event-stream").json(&payload);
        // A stream has no end, so it has no time limit either.
        let response = request.timeout(Duration::from_secs(600)).send().await.ok()?;
        let (sender, frames) = mpsc::unbounded_channel();
        let is_stream = response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let reader = tokio::spawn(async move {
            if !is_stream {
                let body: Value = response.json().await.unwrap_or_default();
                let _ = sender.send(Frame::Failed(refusals(&body["errors"])));
                return;
            }
            let mut chunks = response.bytes_stream();
            let mut text = String::new();
            while let Some(Ok(chunk)) = chunks.next().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                while let Some((event, rest)) = text.split_once("\n\n") {
                    let frame = event_frame(event);
                    text = rest.to_owned();
                    if let Some(frame) = frame
                        && sender.send(frame).is_err()
                    {
                        return;
                    }
                }
            }
        });
        Some(Subscription { frames, reader })
    }
}

/// Reads one server-sent event; comments that keep the connection alive are none.
fn event_frame(event: &str) -> Option<Frame> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    match field("event")? {
        "complete" => Some(Frame::Complete),
        _ => Some(result(&serde_json::from_str(field("data")?).expect("data is JSON"))),
    }
}

fn result(payload: &Value) -> Frame {
    match refusals(&payload["errors"]) {
        errors if errors.is_empty() => Frame::Next(payload["data"].clone()),
        errors => Frame::Failed(errors),
    }
}

fn refusals(errors: &Value) -> Vec<Refusal> {
    errors.as_array().cloned().unwrap_or_default().into_iter().map(Refusal).collect()
}
