//! The edge for callers: GraphQL, hooks, files, sign-in, health. It translates and decides nothing; the rules are in `domain`.
//!
//! `cli` builds an [`App`] and runs [`serve`] on a listener; tests do the same on ports of their own.
//!
//! Invariants: nothing here calls an outside system; no query or mutation runs without a known caller.

pub mod graphql;
mod http;
mod live;
mod settings;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Response};
use domain::people::access::{self, Secret};
use domain::{Ctx, Domain, Error};
use entity::Source;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use graphql::Graph;
use live::Hub;
use transport::{Credential, Gateway, Refusal, Transport};

pub use settings::{Render, Settings};
pub use transport::TransportLimits;

/// How long a client is asked to wait while the database is away.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// One API process: a cheap handle.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    domain: Arc<Domain>,
    hub: Arc<Hub>,
    graph: Graph,
    settings: Settings,
    shutdown: CancellationToken,
}

impl App {
    /// Puts the parts together. The app stops when `shutdown` is cancelled.
    pub fn new(domain: Arc<Domain>, settings: Settings, shutdown: CancellationToken) -> Self {
        let hub = Hub::new(&domain);
        let graph = Graph::new(hub.clone(), &settings.public_url);
        Self(Arc::new(Parts { domain, hub, graph, settings, shutdown }))
    }
}

/// The caller and their credential: a long-lived connection checks again whether it is still valid.
#[derive(Clone)]
pub struct Caller {
    ctx: Ctx,
    secret: Secret,
}

impl App {
    async fn caller(&self, secret: Secret) -> Result<Caller, Error> {
        let source = match secret {
            Secret::Token(_) => Source::Api,
            Secret::Session(_) => Source::Web,
        };
        let domain = &self.0.domain;
        let actor = domain.db.while_up(access::authenticate(&domain.system(), &secret)).await??;
        Ok(Caller { ctx: domain.ctx(actor, source), secret })
    }
}

impl Gateway for App {
    type Caller = Caller;

    async fn authenticate(&self, credential: Credential) -> Result<Caller, Refusal> {
        let secret = match credential {
            Credential::Bearer(token) => Secret::Token(token),
            Credential::Session(cookie) => Secret::Session(cookie),
            Credential::Anonymous => return Err(Refusal::Unauthenticated),
        };
        self.caller(secret).await.map_err(|error| match error {
            Error::Unauthenticated(_) => Refusal::Unauthenticated,
            error => {
                tracing::warn!(%error, "could not authenticate a caller");
                Refusal::Unavailable { retry_after: RETRY_AFTER }
            }
        })
    }

    async fn execute(&self, caller: Caller, request: Request) -> Response {
        match self.caller(caller.secret).await {
            Ok(Caller { ctx, .. }) => self.0.domain.db.while_up(self.0.graph.execute(ctx, request)).await.unwrap_or_else(graphql::refused),
            Err(error) => graphql::refused(error),
        }
    }

    fn subscribe(&self, caller: Caller, request: Request) -> BoxStream<'static, Response> {
        let app = self.clone();
        let responses = async move {
            match app.caller(caller.secret).await {
                Ok(Caller { ctx, secret }) => app.0.graph.subscribe(ctx, secret, request),
                Err(error) => stream::iter([graphql::refused(error)]).boxed(),
            }
        };
        stream::once(responses).flatten().boxed()
    }
}

/// Serves `/metrics` and `/healthz` alone on `listener` until `shutdown`, for a process that has no other port.
///
/// # Errors
/// If the listener fails.
pub async fn serve_metrics(render: Render, listener: TcpListener, shutdown: CancellationToken) -> std::io::Result<()> {
    let serving = axum::serve(listener, http::health::router_of_metrics(render)).into_future();
    // Nobody minds a scrape that is cut off.
    shutdown.run_until_cancelled(serving).await.unwrap_or(Ok(()))
}

/// Serves `app` on `listener` until its shutdown; then lets running requests finish and closes watchers' connections in good order.
///
/// # Errors
/// If the listener fails.
pub async fn serve(app: App, listener: TcpListener) -> std::io::Result<()> {
    let shutdown = app.0.shutdown.clone();
    let origin = url::Url::parse(&app.0.settings.public_url).ok().map(|url| url.origin().ascii_serialization());
    let transport = Transport::new(app.clone(), app.0.settings.limits.clone(), origin, shutdown.clone());
    let hub = tokio::spawn(app.0.hub.clone().run(shutdown.clone()));
    let pulse = tokio::spawn({
        let (domain, shutdown) = (app.0.domain.clone(), shutdown.clone());
        async move { domain.db.watch(shutdown).await }
    });
    let router = http::router(app, &transport);
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await?;
    transport.drain().await;
    hub.abort();
    pulse.abort();
    Ok(())
}
