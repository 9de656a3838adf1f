//! What the protocols share: one gateway, its limits and documents, and who is connected.

use std::sync::Arc;

use async_graphql::{Response, parser::types::OperationType};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use domain::documents::DOCUMENTS_ONLY;
use domain::error::code;
use domain::traces::TARGET;
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::completion::Asked;
use super::credential::{self, OwnCookie};
use super::documents::{Documents, Prepared};
use super::gateway::{Gateway, MayRun};
use super::limits::TransportLimits;
use super::params::{Params, brief};
use super::rejection::Rejection;
use super::response::{code_of, with_codes};
use super::types::Types;
use crate::connections::{CallerAddress, Place};

/// The transport of one gateway; a cheap handle.
pub struct Transport<G>(pub(super) Arc<Inner<G>>);

pub(super) struct Inner<G> {
    pub(super) gateway: G,
    pub(super) limits: Arc<TransportLimits>,
    documents: Documents,
    pub(super) public_origin: Option<String>,
    pub(super) shutdown: CancellationToken,
    pub(super) connections: TaskTracker,
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
        let types = Arc::new(Types::of(&gateway.sdl()));
        Self(Arc::new(Inner {
            documents: Documents::new(Arc::clone(&limits), types, gateway.trusted()),
            gateway,
            limits,
            public_origin,
            shutdown,
            connections: TaskTracker::new(),
        }))
    }

    /// Waits until every WebSocket has been closed after the shutdown, which takes at most a few
    /// seconds. Call it after the server has stopped taking connections: axum does not wait for
    /// upgraded ones.
    pub async fn drain(&self) {
        self.0.connections.close();
        self.0.connections.wait().await;
    }

    /// The caller of a request to another route of the server. Those are closed to who may run some documents only.
    pub(crate) async fn authenticate(&self, parts: &Parts) -> Result<G::Caller, Rejection> {
        let caller = self.caller(parts).await?;
        match self.0.gateway.may_run(&caller) {
            MayRun::These(_) => Err(Rejection::new(StatusCode::FORBIDDEN, code::FORBIDDEN, DOCUMENTS_ONLY)),
            MayRun::Anything | MayRun::Trusted => Ok(caller),
        }
    }

    /// The caller of this request.
    pub(super) async fn caller(&self, parts: &Parts) -> Result<G::Caller, Rejection> {
        let credential = credential::admit(&parts.headers, self.0.public_origin.as_deref())?;
        let caller = self.0.gateway.authenticate(credential, CallerAddress::of(parts)).await?;
        Place::keep_of(parts, G::identity(&caller));
        Ok(caller)
    }

    /// Whether browsers reach this server by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.cookie().is_secure
    }

    /// The session in a request's cookies.
    pub(crate) fn session<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.cookie().read(headers)
    }

    /// What sets the cookie of a session for `max_age` seconds; 0 removes it.
    pub(crate) fn session_cookie(&self, session: &str, max_age: i64) -> String {
        self.cookie().set(session, max_age)
    }

    /// What a request brings back from a sign-in elsewhere.
    pub(crate) fn departure<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        OwnCookie::departure(self.0.public_origin.as_deref()).read(headers)
    }

    /// What sets the cookie for a sign-in elsewhere, for `max_age` seconds; 0 removes it.
    pub(crate) fn departure_cookie(&self, value: &str, max_age: i64) -> String {
        OwnCookie::departure(self.0.public_origin.as_deref()).set(value, max_age)
    }

    /// The secret of what the browser was asked about passkeys.
    pub(crate) fn passkey<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        OwnCookie::passkey(self.0.public_origin.as_deref()).read(headers)
    }

    /// What sets the cookie with that secret for `max_age` seconds; 0 removes it.
    pub(crate) fn passkey_cookie(&self, value: &str, max_age: i64) -> String {
        OwnCookie::passkey(self.0.public_origin.as_deref()).set(value, max_age)
    }

    /// Refuses what a page of another site had the browser send.
    pub(crate) fn check_own_page(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        if credential::is_same_origin(headers, self.0.public_origin.as_deref()) {
            return Ok(());
        }
        let message = "Another site had your browser send this. Open Muster yourself and try again.";
        Err(Rejection::new(StatusCode::FORBIDDEN, code::FORBIDDEN, message))
    }

    fn cookie(&self) -> OwnCookie {
        OwnCookie::session(self.0.public_origin.as_deref())
    }

    pub(super) async fn prepare(&self, caller: &G::Caller, params: Params) -> Result<Prepared, Response> {
        let may_run = self.0.gateway.may_run(caller);
        self.0.documents.prepare(params, &may_run).await.map_err(|error| with_codes(Response::from_errors(vec![error])))
    }

    pub(super) async fn execute(&self, caller: G::Caller, prepared: Prepared) -> Response {
        let span = span(&prepared);
        let Prepared { operation, asked, .. } = prepared;
        let response = finish(&asked, self.0.gateway.execute(caller, operation).instrument(span.clone()).await);
        span.record("muster.code", code_of(&response).unwrap_or("OK"));
        response
    }

    /// Runs any operation as a stream of responses, for the streaming protocols.
    pub(super) fn events(&self, caller: G::Caller, prepared: Prepared) -> BoxStream<'static, Response> {
        if prepared.operation.kind() == OperationType::Subscription {
            let Prepared { operation, asked, .. } = prepared;
            return detached(self.0.gateway.subscribe(caller, operation).map(move |response| finish(&asked, response)).boxed());
        }
        let transport = self.clone();
        detached(stream::once(async move { transport.execute(caller, prepared).await }).boxed())
    }
}

/// Runs `responses` on a task of its own that ends with the stream. A client that does not read holds up what is sent to it, and must not
/// hold up what runs: that may have a connection to the database, or a turn that others wait for.
fn detached(mut responses: BoxStream<'static, Response>) -> BoxStream<'static, Response> {
    let (sender, receiver) = mpsc::channel(1);
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(response) = responses.next().await {
            if sender.send(response).await.is_err() {
                return;
            }
        }
    }));
    stream::unfold((receiver, task), |(mut receiver, task)| async { Some((receiver.recv().await?, (receiver, task))) }).boxed()
}

/// The span of an operation that ends with its answer. What the document asks for and its variables are left out: they are about people.
fn span(prepared: &Prepared) -> Span {
    tracing::info_span!(
        target: TARGET,
        "operation",
        otel.name = %prepared.operation.kind(),
        graphql.operation.type = %prepared.operation.kind(),
        graphql.operation.name = prepared.name.as_deref().map(brief),
        muster.code = Empty,
    )
}

fn finish(asked: &Asked, mut response: Response) -> Response {
    asked.complete(&mut response);
    with_codes(response)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_runs_does_not_wait_for_its_reader() {
        let (ran, has_run) = oneshot::channel();
        let unread = detached(stream::once(async { ran.send(()).unwrap_or_default() }).map(|()| Response::default()).boxed());
        has_run.await.expect("it runs although nobody reads");
        assert_eq!(unread.count().await, 1);
    }

    #[tokio::test]
    async fn what_nobody_can_read_any_more_is_dropped() {
        let (running, is_running) = oneshot::channel();
        let (guard, dropped) = oneshot::channel::<()>();
        let endless = stream::once(async move {
            running.send(()).unwrap_or_default();
            std::future::pending::<()>().await;
            drop(guard);
        });
        let stream = detached(endless.map(|()| Response::default()).boxed());
        is_running.await.expect("it runs");
        drop(stream);
        assert!(dropped.await.is_err());
    }
}
