//! GraphQL over HTTP: POST and GET of `/graphql`.
//!
//! Follows the GraphQL-over-HTTP specification. The media type of the answer is negotiated; for
//! `application/graphql-response+json` the status tells whether anything was executed, while
//! `application/json` gets 200 for every well-formed request. Guarantees: every answer is JSON in
//! UTF-8, is not stored by caches, and is written once into its buffer.

use async_graphql::{Response as GqlResponse, parser::types::OperationType};
use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::error::code;

use super::{
    documents::Prepared,
    engine::Transport,
    gateway::Gateway,
    media::Media,
    params,
    rejection::Rejection,
    response::{Payload, is_request_error, json, refused},
    websocket,
};

pub(super) async fn post<G: Gateway>(State(transport): State<Transport<G>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let media = Media::negotiate(&parts.headers);
    answer_post(&transport, &parts, body, media).await.unwrap_or_else(|rejection| rejection.respond(media.unwrap_or(Media::Json)))
}

async fn answer_post<G: Gateway>(transport: &Transport<G>, parts: &Parts, body: Body, media: Option<Media>) -> Result<Response, Rejection> {
    let caller = transport.caller(parts).await?;
    let media = media.ok_or_else(not_acceptable)?;
    match params::from_post(parts, body, &transport.0.limits).await? {
        params::Requests::Single(params) => {
            let response = match transport.prepare(&caller, *params).await {
                Ok(prepared) => run(transport, caller, prepared).await,
                Err(response) => response,
            };
            Ok(respond(media, response))
        }
        params::Requests::Batch(requests) => {
            let mut responses = Vec::with_capacity(requests.len());
            // One after the other: a later mutation may rely on an earlier one, and one client's
            // batch holds one database connection.
            for params in requests {
                responses.push(match transport.prepare(&caller, params).await {
                    Ok(prepared) => run(transport, caller.clone(), prepared).await,
                    Err(response) => response,
                });
            }
            Ok(respond_batch(media, responses))
        }
    }
}

pub(super) async fn get<G: Gateway>(State(transport): State<Transport<G>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = parts.headers.get(header::UPGRADE);
    if upgrade.is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => websocket::upgrade(transport, &parts, upgrade),
            Err(rejection) => rejection.into_response(),
        };
    }
    if parts.headers.contains_key(header::SEC_WEBSOCKET_KEY) {
        return no_upgrade().into_response();
    }
    let media = Media::negotiate(&parts.headers);
    answer_get(&transport, &parts, media).await.unwrap_or_else(|rejection| rejection.respond(media.unwrap_or(Media::Json)))
}

/// A WebSocket was wanted, and something on the way took the header away.
fn no_upgrade() -> Rejection {
    let message = "This wants a WebSocket, but the header `Upgrade: websocket` did not arrive: the proxy must pass it on \
                   (docs/install.md), or use server-sent events at /graphql/stream.";
    Rejection::new(StatusCode::UPGRADE_REQUIRED, code::BAD_USER_INPUT, message)
        .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
}

async fn answer_get<G: Gateway>(transport: &Transport<G>, parts: &Parts, media: Option<Media>) -> Result<Response, Rejection> {
    let caller = transport.caller(parts).await?;
    let media = media.ok_or_else(not_acceptable)?;
    let params = params::from_get(parts)?;
    let response = match transport.prepare(&caller, params).await {
        Ok(prepared) if prepared.operation.kind() == OperationType::Mutation => {
            return Err(Rejection::mutation_by_get());
        }
        Ok(prepared) => run(transport, caller, prepared).await,
        Err(response) => response,
    };
    Ok(respond(media, response))
}

pub(super) async fn method_not_allowed() -> Response {
    Rejection::new(StatusCode::METHOD_NOT_ALLOWED, code::BAD_USER_INPUT, "Use POST, or GET for queries.")
        .with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))
        .into_response()
}

async fn run<G: Gateway>(transport: &Transport<G>, caller: G::Caller, prepared: Prepared) -> GqlResponse {
    if prepared.operation.kind() == OperationType::Subscription {
        return GqlResponse::from_errors(vec![refused(
            code::BAD_USER_INPUT,
            "A subscription needs a stream: use a WebSocket (graphql-transport-ws) at this address, \
             or server-sent events at /graphql/stream.",
        )]);
    }
    transport.execute(caller, prepared).await
}

fn not_acceptable() -> Rejection {
    Rejection::new(StatusCode::NOT_ACCEPTABLE, code::BAD_USER_INPUT, "Accept `application/graphql-response+json` or `application/json`.")
}

fn respond(media: Media, mut response: GqlResponse) -> Response {
    let status = match media {
        Media::GraphqlResponse if is_request_error(&response) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let headers = std::mem::take(&mut response.http_headers);
    let mut answer = json(status, media, Payload(&response).text());
    answer.headers_mut().extend(headers);
    answer
}

fn respond_batch(media: Media, mut responses: Vec<GqlResponse>) -> Response {
    let headers: Vec<_> = responses.iter_mut().map(|response| std::mem::take(&mut response.http_headers)).collect();
    let mut answer = json(StatusCode::OK, media, batch(&responses));
    for headers in headers {
        answer.headers_mut().extend(headers);
    }
    answer
}

fn batch(responses: &[GqlResponse]) -> serde_json::Result<Vec<u8>> {
    let mut text = vec![b'['];
    for (index, response) in responses.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        Payload(response).write(&mut text)?;
    }
    text.push(b']');
    Ok(text)
}
