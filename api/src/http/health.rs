//! Whether the process lives, whether it can work, and what it counts.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Problem, Site};

/// A database that takes longer is as good as away.
const PATIENCE: Duration = Duration::from_secs(2);

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
    match tokio::time::timeout(PATIENCE, site.app.0.domain.db.ping()).await {
        Ok(Ok(())) => "ready\n".into_response(),
        Ok(Err(_)) | Err(_) => unready("The database does not answer."),
    }
}

/// Counters for Prometheus; they name no incident and no person.
pub async fn metrics(State(site): State<Site>) -> Response {
    match &site.app.0.settings.metrics {
        Some(render) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()).into_response(),
        None => Problem(StatusCode::NOT_FOUND, "NOT_FOUND", "This process keeps no metrics.".into()).into_response(),
    }
}
