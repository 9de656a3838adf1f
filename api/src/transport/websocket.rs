//! GraphQL over WebSocket: the subprotocol `graphql-transport-ws` at `/graphql`.
//!
//! [`super::http::get`] hands upgrades over. One task owns a connection and runs all its operations.
//! It reads, runs and writes by turns and has no queue: while the client does not read, its
//! operations are not polled, and after a time the connection is cut off. async-graphql's own
//! protocol loop is not used: it closes with codes that the protocol does not know, sends no `error`
//! messages and accepts duplicate ids.
//!
//! Guarantees beyond the protocol's: an operation that is completed, or whose connection ends, is
//! dropped at once; close code 1001 (going away), 1013 (try again later) and 4008 (cut off as too
//! slow or silent) ask the client to connect again and resume.

use std::{collections::HashMap, convert::Infallible, future::pending, sync::Arc, time::Duration};

use async_graphql::Response as GqlResponse;
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::error::code;
use futures_util::stream::{self, AbortHandle, Abortable, BoxStream, SelectAll, StreamExt};
use serde_json::{Map, Value};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{
    credential::{self, Credential},
    engine::Transport,
    gateway::Gateway,
    limits::TransportLimits,
    messages::{End, Incoming, Outgoing},
    params,
    rejection::{Refusal, Rejection},
    response::{Payload, is_request_error, refused},
};
use crate::connections::{CallerAddress, Place};

const SUBPROTOCOL: &str = "graphql-transport-ws";
/// What each connection keeps for reading, and gathers before it writes. The usual 128 KiB would be the most of what a watcher costs.
const BUFFER_BYTES: usize = 8 * 1024;
/// Time a peer has to accept the close frame and answer it.
const FAREWELL: Duration = Duration::from_secs(2);

/// Answers an upgrade request. Credentials in its headers count unless `connection_init` has some. A cookie that came along from another site's
/// page counts for nothing, but does not keep that page from showing a token.
pub(super) fn upgrade<G: Gateway>(transport: Transport<G>, parts: &Parts, upgrade: WebSocketUpgrade) -> Response {
    let admitted = credential::admit(&parts.headers, transport.0.public_origin.as_deref());
    let credential = admitted.unwrap_or(Credential::Anonymous);
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Rejection::bad_request(format!("Offer the subprotocol: `Sec-WebSocket-Protocol: {SUBPROTOCOL}`.")).into_response();
    }
    // The hard limits, beyond which the socket breaks; our own limit closes it in good order.
    let most = transport.0.limits.message_bytes.saturating_mul(2);
    let (place, address) = (Place::of(parts).cloned(), CallerAddress::of(parts));
    let upgrade = upgrade.read_buffer_size(BUFFER_BYTES).write_buffer_size(BUFFER_BYTES);
    upgrade.max_message_size(most).max_frame_size(most).on_upgrade(move |socket| {
        let connections = transport.0.connections.clone();
        connections.track_future(serve(transport, socket, (credential, address), place))
    })
}

async fn serve<G: Gateway>(transport: Transport<G>, socket: WebSocket, caller: (Credential, CallerAddress), place: Option<Place>) {
    let limits = Arc::clone(&transport.0.limits);
    let mut peer = Peer { socket, limits, owes_answer: false };
    let end = tokio::select! {
        Err(end) = run(&transport, &mut peer, caller, place.as_ref()) => end,
        () = transport.0.shutdown.cancelled() => {
            End::close(1001, "The server is going away; connect again and resume")
        }
        () = dismissed(place.as_ref()) => End::close(1013, "Somebody else needs the connection; try again shortly"),
    };
    // `run` is dropped by now, and all operations with it.
    peer.farewell(end).await;
}

async fn dismissed(place: Option<&Place>) {
    match place {
        Some(place) => place.dismissed().await,
        None => pending().await,
    }
}

async fn run<G: Gateway>(
    transport: &Transport<G>,
    peer: &mut Peer,
    caller: (Credential, CallerAddress),
    place: Option<&Place>,
) -> Result<Infallible, End> {
    let caller = handshake(transport, peer, caller).await?;
    if let Some(place) = place {
        place.keep(G::identity(&caller));
    }
    let mut operations = Operations::default();
    let period = peer.limits.ping_interval;
    let mut ping = interval_at(Instant::now() + period, period);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            message = peer.receive() => match message? {
                Incoming::Subscribe { id, payload } => {
                    subscribe(transport, peer, &mut operations, &caller, id, payload).await?;
                }
                Incoming::Complete { id } => operations.stop(&id),
                Incoming::Ping { payload } => peer.send(&Outgoing::Pong { payload }).await?,
                Incoming::Pong => {}
                Incoming::ConnectionInit { .. } => {
                    return Err(End::close(4429, "Too many initialisation requests"));
                }
            },
            Some((id, event)) = operations.next() => {
                deliver(peer, &mut operations, &id, event).await?;
            }
            _ = ping.tick() => peer.check().await?,
        }
    }
}

async fn handshake<G: Gateway>(
    transport: &Transport<G>,
    peer: &mut Peer,
    (credential, address): (Credential, CallerAddress),
) -> Result<G::Caller, End> {
    let init = async {
        loop {
            match peer.receive().await? {
                Incoming::ConnectionInit { payload } => return Ok(payload),
                Incoming::Ping { payload } => peer.send(&Outgoing::Pong { payload }).await?,
                Incoming::Pong | Incoming::Complete { .. } => {}
                Incoming::Subscribe { .. } => {
                    return Err(End::close(4401, "Unauthorized: send connection_init first"));
                }
            }
        }
    };
    let payload =
        timeout(transport.0.limits.init_timeout, init).await.map_err(|_| End::close(4408, "Connection initialisation timeout"))??;
    let credential = match payload.as_ref().and_then(authorization) {
        Some(Value::String(text)) => Credential::bearer(text).ok_or_else(forbidden)?,
        Some(_) => return Err(forbidden()),
        None => credential,
    };
    let caller = transport.0.gateway.authenticate(credential, address).await.map_err(|refusal| match refusal {
        Refusal::Unauthenticated => forbidden(),
        Refusal::Forbidden(why) => End::close(4403, format!("Forbidden: {why}")),
        Refusal::Unavailable { .. } => End::close(1013, "Unavailable; try again shortly"),
    })?;
    peer.send(&Outgoing::ConnectionAck).await?;
    Ok(caller)
}

fn forbidden() -> End {
    End::close(4403, "Forbidden: sign in, or send a valid {\"Authorization\": \"Bearer TOKEN\"}")
}

fn authorization(payload: &Map<String, Value>) -> Option<&Value> {
    payload.iter().find_map(|(name, value)| name.eq_ignore_ascii_case("authorization").then_some(value))
}

async fn subscribe<G: Gateway>(
    transport: &Transport<G>,
    peer: &mut Peer,
    operations: &mut Operations,
    caller: &G::Caller,
    id: String,
    payload: Value,
) -> Result<(), End> {
    if operations.running.contains_key(id.as_str()) {
        return Err(End::close(4409, format!("Subscriber for {id} already exists")));
    }
    let params = params::from_value(payload).map_err(End::invalid)?;
    let most = peer.limits.operations;
    if operations.running.len() >= most {
        let error = refused(code::RATE_LIMITED, format!("At most {most} operations may be open on one connection; complete one first."));
        return peer.send(&Outgoing::Error { id: &id, payload: &[error] }).await;
    }
    match transport.prepare(caller, params).await {
        Ok(prepared) => {
            operations.start(id.into(), transport.events(caller.clone(), prepared));
            Ok(())
        }
        Err(response) => peer.send(&Outgoing::Error { id: &id, payload: &response.errors }).await,
    }
}

async fn deliver(peer: &mut Peer, operations: &mut Operations, id: &str, event: Option<GqlResponse>) -> Result<(), End> {
    match event {
        // Nothing was executed: `error` ends the operation, and no `complete` may follow.
        Some(response) if is_request_error(&response) => {
            operations.stop(id);
            peer.send(&Outgoing::Error { id, payload: &response.errors }).await
        }
        Some(response) => peer.send(&Outgoing::Next { id, payload: Payload(&response) }).await,
        None => {
            operations.stop(id);
            peer.send(&Outgoing::Complete { id }).await
        }
    }
}

type OperationEvent = (Arc<str>, Option<GqlResponse>);

/// The open operations of a connection.
#[derive(Default)]
struct Operations {
    running: HashMap<Arc<str>, AbortHandle>,
    events: SelectAll<Abortable<BoxStream<'static, OperationEvent>>>,
}

impl Operations {
    fn start(&mut self, id: Arc<str>, responses: BoxStream<'static, GqlResponse>) {
        let (handle, registration) = AbortHandle::new_pair();
        self.running.insert(Arc::clone(&id), handle);
        let events = responses.map(Some).chain(stream::iter([None]));
        let events = events.map(move |event| (Arc::clone(&id), event)).boxed();
        self.events.push(Abortable::new(events, registration));
    }

    /// Ends an operation and sends nothing more of it; an unknown id is ignored.
    fn stop(&mut self, id: &str) {
        if let Some(handle) = self.running.remove(id) {
            handle.abort();
        }
    }

    /// The next response of any operation, or `None` with the id of one that has ended. Without
    /// operations it returns `None` at once, and `select!` then waits for its other branches.
    async fn next(&mut self) -> Option<OperationEvent> {
        self.events.next().await
    }
}

/// The client's end of the connection.
struct Peer {
    socket: WebSocket,
    limits: Arc<TransportLimits>,
    /// Whether a ping was sent and nothing has come since.
    owes_answer: bool,
}

impl Peer {
    /// Waits for the next protocol message. Cancel-safe: if dropped while waiting, nothing is lost.
    async fn receive(&mut self) -> Result<Incoming, End> {
        loop {
            let message = match self.socket.recv().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    tracing::debug!(%error, "a WebSocket broke");
                    return Err(End::close(1002, "Broken, or by far too large a message"));
                }
                None => return Err(End::Gone),
            };
            self.owes_answer = false;
            match message {
                Message::Text(text) if text.len() > self.limits.message_bytes => {
                    let most = self.limits.message_bytes;
                    return Err(End::close(1009, format!("A message may have at most {most} bytes")));
                }
                Message::Text(text) => return Incoming::parse(&text),
                Message::Binary(_) => return Err(End::invalid("messages are text")),
                Message::Close(_) => return Err(End::Gone),
                // The socket itself answers pings.
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    async fn send(&mut self, message: &Outgoing<'_>) -> Result<(), End> {
        let text = message.text().map_err(|error| {
            tracing::error!(%error, "a GraphQL response is not serializable");
            End::close(4500, "Internal server error")
        })?;
        self.write(Message::Text(text.into())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.limits.write_timeout, self.socket.send(message)).await {
            Ok(sent) => sent.map_err(|_| End::Gone),
            Err(_) => Err(End::close(4008, "Reading too slowly; connect again and resume")),
        }
    }

    /// Pings the peer, for proxies cut connections that are silent; gives up on one from whom nothing came since the last ping.
    async fn check(&mut self) -> Result<(), End> {
        if self.owes_answer {
            return Err(End::close(4008, "No answer to pings; connect again and resume"));
        }
        self.owes_answer = true;
        self.write(Message::Ping(bytes::Bytes::new())).await
    }

    /// Closes in good order: what the peer still sends is read, since dropping the socket with
    /// unread data would reset it and the peer might never see the close frame.
    async fn farewell(mut self, end: End) {
        if let End::Close { code, reason } = end {
            tracing::debug!(code, %reason, "closing a WebSocket");
            let frame = CloseFrame { code, reason: reason.as_ref().into() };
            let close = self.socket.send(Message::Close(Some(frame)));
            if !matches!(timeout(FAREWELL, close).await, Ok(Ok(()))) {
                return;
            }
        }
        let rest = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        // If the peer does not close in time, we close anyway.
        let _ = timeout(FAREWELL, rest).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stopped_operation_is_dropped_and_silent() {
        let mut operations = Operations::default();
        let response = || stream::iter([GqlResponse::default()]).boxed();
        operations.start("a".into(), response());
        operations.stop("a");
        operations.start("a".into(), response());
        let (id, event) = operations.next().await.expect("the second one");
        assert_eq!((id.as_ref(), event.is_some()), ("a", true));
        let (id, event) = operations.next().await.expect("its end");
        assert_eq!((id.as_ref(), event.is_none()), ("a", true));
        assert!(operations.next().await.is_none());
    }
}
