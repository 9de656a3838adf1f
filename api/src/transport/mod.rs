//! GraphQL over HTTP, WebSocket and server-sent events, for any [`Gateway`].
//!
//! The server builds one [`Transport`] and merges [`Transport::router`]: `/graphql` takes POST, GET
//! and `graphql-transport-ws` upgrades, `/graphql/stream` takes event streams. The gateway knows who
//! a caller is and runs operations; everything about bytes, headers, protocols and static limits is
//! here.
//!
//! Guarantees:
//! - The gateway sees only requests of authenticated callers, parsed and within
//!   [`TransportLimits`].
//! - No mutation runs by GET. Requests that a browser authenticates by cookie come from the same
//!   origin (see `credential`).
//! - Memory per client is limited: bodies, messages, operations and what waits for a slow reader.
//! - When a client goes away, its running operations and streams are dropped at once.

mod body;
mod credential;
mod documents;
mod http;
mod lexer;
mod limits;
mod messages;
mod params;
mod sse;
mod websocket;

use std::{borrow::Cow, future::Future, sync::Arc, time::Duration};

use async_graphql::{ErrorExtensionValues, Request, Response as GqlResponse, ServerError, Value, parser::types::OperationType};
use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use domain::error::code;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::{Serialize, Serializer, ser::SerializeMap};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use credential::session_cookie;
pub use credential::{Credential, SESSION_COOKIE};
use documents::{Documents, Prepared};
pub use limits::TransportLimits;

/// Knows callers and runs their operations.
pub trait Gateway: Clone + Send + Sync + 'static {
    /// The caller behind a credential; cloned for each operation of a connection.
    type Caller: Clone + Send + Sync + 'static;

    /// Identifies the caller. Whether to accept anonymous callers is up to the gateway.
    ///
    /// # Errors
    /// [`Refusal`], which the transport answers as each protocol requires.
    fn authenticate(&self, credential: Credential) -> impl Future<Output = Result<Self::Caller, Refusal>> + Send;

    /// Runs a query or mutation. The future is dropped when the client goes away. A panic must not
    /// come out of it: it would end the client's connection.
    fn execute(&self, caller: Self::Caller, request: Request) -> impl Future<Output = GqlResponse> + Send;

    /// Runs a subscription until it ends or the client goes away. A stream that must end early (the
    /// reader lags, the session was revoked) yields a response with the error and ends.
    fn subscribe(&self, caller: Self::Caller, request: Request) -> BoxStream<'static, GqlResponse>;
}

/// Why [`Gateway::authenticate`] identifies no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credential is missing, wrong, expired or revoked.
    Unauthenticated,
    /// It can't be checked now; the client should try again after this time.
    Unavailable { retry_after: Duration },
}

/// The transport of one gateway; a cheap handle.
pub struct Transport<G>(Arc<Inner<G>>);

struct Inner<G> {
    gateway: G,
    limits: Arc<TransportLimits>,
    documents: Documents,
    public_origin: Option<String>,
    shutdown: CancellationToken,
    connections: TaskTracker,
}

impl<G> Clone for Transport<G> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<G: Gateway> Transport<G> {
    /// `public_origin` is the origin that browsers see, such as `https://muster.example`; it is needed
    /// behind a proxy that changes `Host`. `WebSockets` and event streams end when `shutdown` is
    /// cancelled; requests that are running then may finish.
    pub fn new(gateway: G, limits: TransportLimits, public_origin: Option<String>, shutdown: CancellationToken) -> Self {
        let limits = Arc::new(limits);
        Self(Arc::new(Inner {
            gateway,
            documents: Documents::new(Arc::clone(&limits)),
            limits,
            public_origin,
            shutdown,
            connections: TaskTracker::new(),
        }))
    }

    /// The routes `/graphql` and `/graphql/stream`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/graphql", get(http::get::<G>).post(http::post::<G>).fallback(http::method_not_allowed))
            .route("/graphql/stream", get(sse::get::<G>).post(sse::post::<G>).fallback(http::method_not_allowed))
            .with_state(self.clone())
    }

    /// Waits until every WebSocket has been closed after the shutdown, which takes at most a few
    /// seconds. Call it after the server has stopped taking connections: axum does not wait for
    /// upgraded ones.
    pub async fn drain(&self) {
        self.0.connections.close();
        self.0.connections.wait().await;
    }

    /// The caller of this request; for the other routes of the server.
    pub(crate) async fn authenticate(&self, parts: &Parts) -> Result<G::Caller, Rejection> {
        let credential = credential::admit(&parts.headers, self.0.public_origin.as_deref())?;
        Ok(self.0.gateway.authenticate(credential).await?)
    }

    async fn prepare(&self, request: Request) -> Result<Prepared, GqlResponse> {
        self.0.documents.prepare(request).await.map_err(|error| with_codes(GqlResponse::from_errors(vec![error])))
    }

    async fn execute(&self, caller: G::Caller, request: Request) -> GqlResponse {
        with_codes(self.0.gateway.execute(caller, request).await)
    }

    /// Runs any operation as a stream of responses, for the streaming protocols.
    fn events(&self, caller: G::Caller, prepared: Prepared) -> BoxStream<'static, GqlResponse> {
        let Prepared { request, operation } = prepared;
        if operation == OperationType::Subscription {
            return self.0.gateway.subscribe(caller, request).map(with_codes).boxed();
        }
        let transport = self.clone();
        stream::once(async move { transport.execute(caller, request).await }).boxed()
    }
}

/// An error with a code and no place in the query.
fn refused(code: &'static str, message: impl Into<String>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    error
}

/// True when nothing was executed: there is no data, and no error has a path into it.
fn is_request_error(response: &GqlResponse) -> bool {
    response.data == Value::Null && !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

/// Adds a code to the parser's and validator's errors, which have none, and limits their number.
fn with_codes(mut response: GqlResponse) -> GqlResponse {
    const MOST: usize = 100;
    if is_request_error(&response) {
        response.errors.truncate(MOST);
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                extensions.set("code", code::BAD_USER_INPUT);
            }
        }
    }
    response
}

/// A response as it is sent. The specification wants no `data` if nothing was executed, whereas
/// async-graphql would write `null`.
struct Payload<'a>(&'a GqlResponse);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !response.errors.is_empty() {
            map.serialize_entry("errors", &response.errors)?;
        }
        if !is_request_error(response) {
            map.serialize_entry("data", &response.data)?;
        }
        if !response.extensions.is_empty() {
            map.serialize_entry("extensions", &response.extensions)?;
        }
        map.end()
    }
}

/// An error of the transport itself, before anything ran.
#[derive(Debug)]
pub(crate) struct Rejection {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Rejection {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, message)
    }

    fn mutation_by_get() -> Self {
        Self {
            header: Some((header::ALLOW, HeaderValue::from_static("POST"))),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, code::BAD_USER_INPUT, "A mutation can't run by GET; send it by POST.")
        }
    }

    fn respond(self, media: http::Media) -> Response {
        let body = GqlResponse::from_errors(vec![refused(self.code, self.message)]);
        let mut response = http::json(self.status, media, &Payload(&body));
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated => Self {
                header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
                ..Self::new(
                    StatusCode::UNAUTHORIZED,
                    code::UNAUTHENTICATED,
                    "Sign in, or send a valid token as `Authorization: Bearer TOKEN`.",
                )
            },
            Refusal::Unavailable { retry_after } => Self {
                header: Some((header::RETRY_AFTER, retry_after.as_secs().max(1).into())),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    code::UNAVAILABLE,
                    "The server can't check who you are at the moment; try again shortly.",
                )
            },
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.respond(http::Media::Json)
    }
}
