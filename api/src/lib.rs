//! The edge for callers: GraphQL, hooks, files, sign-in, health. It translates and decides nothing; the rules are in `domain`.
//!
//! `cli` builds an [`App`] and runs [`serve`] on a listener; tests do the same on ports of their own.
//!
//! Invariants: nothing here calls an outside system, but for searches of tickets, the company's sign-in and certificates of topics, by
//! ports of the domain; no query or mutation runs without a known caller.

pub mod alert_sources;
mod app;
mod connections;
pub mod graphql;
mod http;
mod live;
mod settings;
pub mod transport;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use transport::Transport;

pub use alert_sources::{AlertSource, alarms};
pub use app::App;
pub use connections::{CallerAddress, ConnectionLimits, Proxies};
pub use graphql::ShareLimits;
pub use settings::{Company, Render, Settings, SlackHook, Traces};
pub use transport::{TransportLimits, check_syntax};

/// Connections at once to a port that shows nothing but metrics.
const SCRAPERS: usize = 64;

/// Serves `/metrics` and `/healthz` alone on `listener` until `shutdown`, for a process that has no other port.
pub async fn serve_metrics(render: Render, listener: TcpListener, shutdown: CancellationToken) {
    let limits = ConnectionLimits { most: SCRAPERS, ..ConnectionLimits::default() };
    connections::serve(listener, http::health::router_of_metrics(render), &limits, &shutdown).await;
}

/// Serves `app` on `listener` until its shutdown; then lets running requests finish and closes watchers' connections in good order.
pub async fn serve(app: App, listener: TcpListener) {
    let (shutdown, limits) = (app.0.shutdown.clone(), app.0.settings.connections.clone());
    let origin = url::Url::parse(&app.0.settings.public_url).ok().map(|url| url.origin().ascii_serialization());
    let transport = Transport::new(app.clone(), app.0.settings.limits.clone(), origin, shutdown.clone());
    let hub = tokio::spawn(app.0.hub.clone().run(shutdown.clone()));
    let pulse = tokio::spawn({
        let (domain, shutdown) = (app.0.domain.clone(), shutdown.clone());
        async move { domain.db.watch(shutdown).await }
    });
    let router = http::router(app, &transport);
    connections::serve(listener, router, &limits, &shutdown).await;
    transport.drain().await;
    hub.abort();
    pulse.abort();
}
