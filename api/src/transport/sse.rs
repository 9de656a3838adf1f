//! GraphQL over server-sent events, in the distinct connections mode of graphql-sse:
//! `/graphql/stream`.
//! Each request opens a stream of its own, with a `next` event for each response and `complete` at
//! the end. As the protocol requires, an invalid operation is answered by such a
//! stream too; errors of the transport itself are plain JSON with a status. Guarantees: a stream
//! that ends without `complete` was cut (shutdown, slow reader) and may be opened again; at most
//! [`QUEUE`] events wait for a reader; when the client goes away, the operation is dropped at once.

use std::convert::Infallible;

use async_graphql::{Response as GqlResponse, parser::types::OperationType};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::error::code;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::mpsc,
    time::{Instant, interval_at},
};

use super::{
    engine::Transport,
    gateway::Gateway,
    media::accepted,
    params,
    rejection::Rejection,
    response::{PLAIN, Payload},
};

/// Events that wait for a slow reader, in addition to what the socket holds.
const QUEUE: usize = 16;

pub(super) async fn post<G: Gateway>(State(transport): State<Transport<G>>, request: Request) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    answer_post(transport, &parts, body).await.map_err(IntoResponse::into_response)
}

async fn answer_post<G: Gateway>(transport: Transport<G>, parts: &Parts, body: Body) -> Result<Response, Rejection> {
    let caller = transport.caller(parts).await?;
    check_accept(parts)?;
    match params::from_post(parts, body, &transport.0.limits).await? {
        params::Requests::Single(params) => {
            let events = match transport.prepare(&caller, *params).await {
                Ok(prepared) => transport.events(caller, prepared),
                Err(response) => stream::iter([response]).boxed(),
            };
            Ok(respond(&transport, events))
        }
        params::Requests::Batch(_) => Err(Rejection::bad_request("A stream takes one request, not a batch.")),
    }
}

pub(super) async fn get<G: Gateway>(State(transport): State<Transport<G>>, request: Request) -> Result<Response, Rejection> {
    let (parts, _) = request.into_parts();
    let caller = transport.caller(&parts).await?;
    check_accept(&parts)?;
    let events = match transport.prepare(&caller, params::from_get(&parts)?).await {
        Ok(prepared) if prepared.operation.kind() == OperationType::Mutation => {
            return Err(Rejection::mutation_by_get());
        }
        Ok(prepared) => transport.events(caller, prepared),
        Err(response) => stream::iter([response]).boxed(),
    };
    Ok(respond(&transport, events))
}

fn check_accept(parts: &Parts) -> Result<(), Rejection> {
    let headers = &parts.headers;
    if !headers.contains_key(header::ACCEPT) || accepted(headers, "text/event-stream").weight > 0 {
        return Ok(());
    }
    Err(Rejection::new(
        StatusCode::NOT_ACCEPTABLE,
        code::BAD_USER_INPUT,
        "This address answers with an event stream: accept `text/event-stream`, or use /graphql.",
    ))
}

fn respond<G: Gateway>(transport: &Transport<G>, events: BoxStream<'static, GqlResponse>) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        // nginx would buffer events.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    tokio::spawn(pump(transport.clone(), events, queue));
    let body = stream::poll_fn(move |context| waiting.poll_recv(context)).map(Ok::<_, Infallible>);
    (PLAIN, HEADERS, Body::from_stream(body)).into_response()
}

/// Moves events into the body's queue. It runs alongside the body, which is not polled
/// while the client does not read, so that a slow reader is noticed.
async fn pump<G: Gateway>(transport: Transport<G>, mut events: BoxStream<'static, GqlResponse>, queue: mpsc::Sender<Bytes>) {
    let limits = &transport.0.limits;
    let mut keep_alive = interval_at(Instant::now() + limits.keep_alive, limits.keep_alive);
    loop {
        let event = tokio::select! {
            () = queue.closed() => return,
            // No `complete`: the client should connect again.
            () = transport.0.shutdown.cancelled() => return,
            event = events.next() => event.map(|response| next(&response)),
            _ = keep_alive.tick() => Some(Ok(Bytes::from_static(b":\n\n"))),
        };
        let (bytes, is_last) = match event {
            Some(Ok(bytes)) => (bytes, false),
            Some(Err(error)) => {
                tracing::error!(%error, "a GraphQL response is not serializable");
                return;
            }
            // Browsers drop an event without data.
            None => (Bytes::from_static(b"event: complete\ndata:\n\n"), true),
        };
        let sent = tokio::select! {
            sent = queue.send_timeout(bytes, limits.write_timeout) => sent.is_ok(),
            () = transport.0.shutdown.cancelled() => false,
        };
        if is_last || !sent {
            tracing::debug!(complete = sent, "an event stream ends");
            return;
        }
        keep_alive.reset();
    }
}

fn next(response: &GqlResponse) -> serde_json::Result<Bytes> {
    let mut event = b"event: next\ndata: ".to_vec();
    Payload(response).write(&mut event)?;
    event.extend_from_slice(b"\n\n");
    Ok(event.into())
}
