//! Whether the process is alive, whether it can work, and its metrics.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::error::code;

use super::problem::Problem;
use super::server::Server;
use crate::settings::Render;

/// The process is alive.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The process can work: the database answers and takes changes, and no shutdown has begun.
pub async fn ready(State(server): State<Server>) -> Response {
    let unready = |message: &str| Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message.into()).into_response();
    if server.app.0.shutdown.is_cancelled() {
        return unready("The server is shutting down.");
    }
    let db = &server.app.0.domain.db;
    if !db.answers().await {
        return unready("The database does not answer.");
    }
    if !db.takes_changes().await {
        return unready("The database takes no changes: it is read-only, or its disk is full.");
    }
    "ready\n".into_response()
}

/// `/metrics` and `/healthz` for a process that serves nothing else.
pub fn router_of_metrics(render: Render) -> Router {
    Router::new().route("/healthz", get(alive)).route("/metrics", get(async move || exposition(&render)))
}

fn exposition(render: &Render) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render()).into_response()
}

/// Metrics for Prometheus; they name no incident and no person.
pub async fn metrics(State(server): State<Server>) -> Response {
    match &server.app.0.settings.metrics {
        Some(render) => exposition(render),
        None => Problem::not_found("This process keeps no metrics.").into_response(),
    }
}
