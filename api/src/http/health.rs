//! Whether the process lives, whether it can work, and what it counts.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Problem, Site};

/// The process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The process can work: the database answers, and no shutdown has begun.
pub async fn ready(State(site): State<Site>) -> Response {
    let unready = |message: &str| Problem(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message.into()).into_response();
    if site.app.0.shutdown.is_cancelled() {
        return unready("The server is shutting down.");
    }
    if site.app.0.domain.db.answers().await { "ready\n".into_response() } else { unready("The database does not answer.") }
}

/// Counters for Prometheus; they name no incident and no person.
pub async fn metrics(State(site): State<Site>) -> Response {
    match &site.app.0.settings.metrics {
        Some(render) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()).into_response(),
        None => Problem(StatusCode::NOT_FOUND, "NOT_FOUND", "This process keeps no metrics.".into()).into_response(),
    }
}
