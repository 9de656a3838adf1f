//! The spans of requests: which route, which method, which status. Everything else about a request is somebody's business.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use domain::traces::{self, TARGET};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::settings::Traces;

/// Routes that are asked every few seconds, by machines.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Has requests to `routes` traced. What is not at any route begins no trace.
pub fn traced(routes: Router, traces: Traces) -> Router {
    match traces {
        Traces::Off => routes,
        Traces::Own | Traces::Callers => {
            routes.layer(middleware::from_fn(move |request: Request, next: Next| trace(request, next, traces == Traces::Callers)))
        }
    }
}

async fn trace(request: Request, next: Next, joins_callers: bool) -> Response {
    let Some(span) = span(&request) else { return next.run(request).await };
    if joins_callers && let Some(Ok(parent)) = request.headers().get("traceparent").map(|value| value.to_str()) {
        traces::join(&span, parent);
    }
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", i64::from(response.status().as_u16()));
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

fn span(request: &Request) -> Option<Span> {
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    if PROBES.contains(&route) {
        return None;
    }
    let method = known(request.method());
    Some(tracing::info_span!(
        target: TARGET,
        "http",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    ))
}

/// A method may be any word that the caller thinks of.
fn known(method: &Method) -> &str {
    match *method {
        Method::DELETE | Method::GET | Method::HEAD | Method::OPTIONS | Method::PATCH | Method::POST | Method::PUT => method.as_str(),
        _ => "_OTHER",
    }
}
