//! Everything that is not GraphQL: health, metrics, hooks, files, sign-in, and the first page.

mod addresses;
mod answer;
mod files;
pub mod health;
mod hooks;
mod html;
mod problem;
mod server;
mod session;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use domain::error::code;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use self::hooks::alerts;
pub use self::hooks::alerts::alarms;
use self::problem::Problem;
use self::server::Server;
use crate::app::App;
use crate::transport::Transport;

/// Bytes of a hook's body: enough for a storm of a thousand alerts with long labels.
const HOOK_BYTES: usize = 4 * 1024 * 1024;
/// Pages load only their own scripts and styles and talk only to their own server.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// All routes.
pub fn router(app: App, transport: &Transport<App>) -> Router {
    let server = Server { app, transport: transport.clone() };
    let own = Router::new()
        .route("/", get(html::home))
        .route("/incidents/{reference}", get(html::incident))
        .route("/incidents/{reference}/addresses.csv", get(addresses::download))
        .route("/answer", get(answer::show).post(answer::answer))
        .route("/offer", get(answer::show_offer).post(answer::answer_offer))
        .route("/assets/{file}", get(html::asset))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/sign-in", get(session::show).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/hooks/alertmanager", post(alerts::take::<alerts::Notification>).layer(DefaultBodyLimit::max(HOOK_BYTES)))
        .route("/hooks/alerts", post(alerts::take::<alerts::GenericPost>).layer(DefaultBodyLimit::max(HOOK_BYTES)))
        .route("/hooks/zendesk", post(hooks::zendesk).layer(DefaultBodyLimit::max(HOOK_BYTES)))
        .route("/hooks/trello", get(hooks::trello_is_here).post(hooks::trello).layer(DefaultBodyLimit::max(HOOK_BYTES)))
        .route("/files", post(files::upload).layer(DefaultBodyLimit::max(domain::limits::FILE_BYTES + 64 * 1024)))
        .route("/files/{id}", get(files::download))
        .with_state(server);
    let header = |name, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    own.merge(transport.router())
        .fallback(|| async { Problem(StatusCode::NOT_FOUND, code::NOT_FOUND, "There is nothing at this address.".into()) })
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "Something went wrong inside Muster.".into()).into_response()
        }))
}
