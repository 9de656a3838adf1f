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
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer};

use super::{Gateway, Payload, Prepared, Rejection, Transport, code, is_request_error, params, refused, websocket};

/// The media types of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    GraphqlResponse,
}

impl Media {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    /// The type to answer with; `None` if the client accepts neither. If the client weighs
    /// both alike, the newer one is used if it is named, otherwise `application/json`.
    fn negotiate(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let newer = accepted(headers, "application/graphql-response+json");
        let json = accepted(headers, "application/json");
        match (newer.weight, json.weight) {
            (0, 0) => None,
            (newer_weight, json_weight) if newer_weight > json_weight || newer_weight == json_weight && newer.exact => {
                Some(Self::GraphqlResponse)
            }
            (_, 0) => Some(Self::GraphqlResponse),
            _ => Some(Self::Json),
        }
    }
}

/// How much a client wants a media type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Accepted {
    /// Quality in thousandths; 0 if it is not accepted.
    pub(super) weight: u16,
    /// Whether the type is named, rather than matched by a wildcard.
    pub(super) exact: bool,
}

/// Looks up a media type in the `Accept` headers; the most specific range decides.
pub(super) fn accepted(headers: &HeaderMap, media: &str) -> Accepted {
    let main = media.split_once('/').map_or(media, |(main, _)| main);
    let mut best = (0, Accepted::default());
    let ranges = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    for range in ranges {
        let mut pieces = range.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default();
        let specificity = if name.eq_ignore_ascii_case(media) {
            3
        } else if name.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(main)) {
            2
        } else if name == "*/*" {
            1
        } else {
            continue;
        };
        let quality = pieces
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, value)| value.parse().unwrap_or(0.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        let weight = (f32::clamp(quality, 0.0, 1.0) * 1000.0) as u16;
        if specificity > best.0 {
            best = (specificity, Accepted { weight, exact: specificity == 3 });
        }
    }
    best.1
}

pub(super) async fn post<G: Gateway>(State(transport): State<Transport<G>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let media = Media::negotiate(&parts.headers);
    answer_post(&transport, &parts, body, media).await.unwrap_or_else(|rejection| rejection.respond(media.unwrap_or(Media::Json)))
}

async fn answer_post<G: Gateway>(transport: &Transport<G>, parts: &Parts, body: Body, media: Option<Media>) -> Result<Response, Rejection> {
    let caller = transport.authenticate(parts).await?;
    let media = media.ok_or_else(not_acceptable)?;
    match params::from_post(parts, body, &transport.0.limits).await? {
        params::Requests::Single(request) => {
            let response = match transport.prepare(*request).await {
                Ok(prepared) => run(transport, caller, prepared).await,
                Err(response) => response,
            };
            Ok(respond(media, response))
        }
        params::Requests::Batch(requests) => {
            let mut responses = Vec::with_capacity(requests.len());
            // One after the other: a later mutation may rely on an earlier one, and one client's
            // batch holds one database connection.
            for request in requests {
                responses.push(match transport.prepare(request).await {
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
    let media = Media::negotiate(&parts.headers);
    answer_get(&transport, &parts, media).await.unwrap_or_else(|rejection| rejection.respond(media.unwrap_or(Media::Json)))
}

async fn answer_get<G: Gateway>(transport: &Transport<G>, parts: &Parts, media: Option<Media>) -> Result<Response, Rejection> {
    let caller = transport.authenticate(parts).await?;
    let media = media.ok_or_else(not_acceptable)?;
    let request = params::from_get(parts)?;
    let response = match transport.prepare(request).await {
        Ok(prepared) if prepared.operation == OperationType::Mutation => {
            return Err(Rejection::mutation_by_get());
        }
        Ok(prepared) => run(transport, caller, prepared).await,
        Err(response) => response,
    };
    Ok(respond(media, response))
}

pub(super) async fn method_not_allowed() -> Response {
    Rejection {
        header: Some((header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"))),
        ..Rejection::new(StatusCode::METHOD_NOT_ALLOWED, code::BAD_USER_INPUT, "Use POST, or GET for queries.")
    }
    .into_response()
}

async fn run<G: Gateway>(transport: &Transport<G>, caller: G::Caller, Prepared { request, operation }: Prepared) -> GqlResponse {
    if operation == OperationType::Subscription {
        return GqlResponse::from_errors(vec![refused(
            code::BAD_USER_INPUT,
            "A subscription needs a stream: use a WebSocket (graphql-transport-ws) at this address, \
             or server-sent events at /graphql/stream.",
        )]);
    }
    transport.execute(caller, request).await
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
    let mut answer = json(status, media, &Payload(&response));
    answer.headers_mut().extend(headers);
    answer
}

fn respond_batch(media: Media, mut responses: Vec<GqlResponse>) -> Response {
    let headers: Vec<_> = responses.iter_mut().map(|response| std::mem::take(&mut response.http_headers)).collect();
    let mut answer = json(StatusCode::OK, media, &Batch(&responses));
    for headers in headers {
        answer.headers_mut().extend(headers);
    }
    answer
}

struct Batch<'a>(&'a [GqlResponse]);

impl Serialize for Batch<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Payload))
    }
}

/// A JSON answer with the headers common to all answers.
pub(super) fn json(status: StatusCode, media: Media, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media.content_type())];
            (status, PLAIN, headers, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a GraphQL response is not serializable");
            (StatusCode::INTERNAL_SERVER_ERROR, PLAIN).into_response()
        }
    }
}

/// Answers are for one caller at one moment, and nothing a browser should interpret.
pub(super) const PLAIN: [(HeaderName, HeaderValue); 2] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store")), (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))];

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().expect("a header value"));
        Media::negotiate(&headers)
    }

    #[test]
    fn the_heavier_type_wins() {
        use Media::{GraphqlResponse, Json};
        assert_eq!(Media::negotiate(&HeaderMap::new()), Some(Json));
        for (accept, media) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("text/html, */*;q=0.8", Some(Json)),
            ("application/json", Some(Json)),
            ("application/graphql-response+json; charset=utf-8", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json;q=0.9", Some(Json)),
            ("application/graphql-response+json;q=0.9, application/json;q=0.5", Some(GraphqlResponse)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("application/json;q=0", None),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(negotiated(accept), media, "{accept}");
        }
    }

    #[test]
    fn several_headers_count_as_one() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("text/html"));
        headers.append(header::ACCEPT, HeaderValue::from_static("application/json"));
        assert_eq!(Media::negotiate(&headers), Some(Media::Json));
    }
}
