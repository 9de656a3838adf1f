//! The edge for callers: GraphQL, hooks, files, sign-in, health. It translates and decides nothing; the rules are in `domain`.
//!
//! `cli` builds an [`App`] and runs [`serve`] on a listener; tests do the same on ports of their own.
//!
//! Invariants: nothing here calls an outside system; no query or mutation runs without a known caller.

mod app;
pub mod graphql;
mod http;
mod live;
mod settings;
mod transport;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use transport::Transport;

pub use app::App;
pub use http::alarms;
pub use settings::{Render, Settings};
pub use transport::TransportLimits;

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
