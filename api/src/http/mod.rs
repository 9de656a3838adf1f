//! Everything that is not GraphQL: health, metrics, hooks, files, calendars, sign-in, and the console.

mod addresses;
mod answer;
mod archive;
mod arrivals;
mod asked;
mod calendar;
mod callers;
mod company;
mod console;
mod desk;
mod escape;
mod files;
pub mod health;
mod hooks;
mod html;
mod inbox;
mod insights;
mod passkeys;
mod posted;
mod problem;
mod report;
mod scim;
mod seldom;
mod server;
mod session;
mod sites;
mod traced;
mod welcome;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use document::Form;
use domain::error::code;
use domain::insights::files::File;
use domain::limits;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use self::hooks::{alerts, heartbeat};
use self::problem::Problem;
use self::server::Server;
use crate::app::App;
use crate::transport::Transport;

/// A file, and what else its form holds.
const UPLOAD_BYTES: usize = limits::FILE_BYTES + 64 * 1024;
/// How long an upload may stand still.
const UPLOAD_PAUSE: Duration = Duration::from_secs(30);
/// How long a browser remembers that an origin may call.
const PREFLIGHT_LASTS: Duration = Duration::from_hours(1);
/// Pages load only their own scripts and styles and talk only to their own server.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lets pages of `origins` use the API with a token; browsers send no cookie there, and ours would count for nothing.
fn for_other_origins(api: Router, origins: &[String]) -> Router {
    if origins.is_empty() {
        return api;
    }
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let allowed = CorsLayer::new().allow_origin(origins).allow_methods([Method::GET, Method::POST]).allow_headers([
        header::ACCEPT,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
    ]);
    api.layer(allowed.max_age(PREFLIGHT_LASTS))
}

/// A report in each form.
fn reports() -> Router<Server> {
    Form::ALL.into_iter().fold(Router::new(), |router, form| {
        let path = format!("/incidents/{{reference}}/report.{}", form.extension());
        router.route(&path, get(move |server, request| report::download(form, server, request)))
    })
}

/// Insights in each file.
fn insights() -> Router<Server> {
    File::ALL.into_iter().fold(Router::new(), |router, file| {
        let path = format!("/insights/{}.csv", file.name());
        router.route(&path, get(move |server, request| insights::download(file, server, request)))
    })
}

/// All routes.
pub fn router(app: App, transport: &Transport<App>) -> Router {
    let api = for_other_origins(transport.router(), &app.0.settings.allowed_origins);
    let traces = app.0.settings.traces;
    let desk = Arc::new(desk::Desk::open(app.0.domain.clone(), app.0.shutdown.clone()));
    let unknown_senders = Arc::new(Semaphore::new(posted::UNKNOWN_SENDERS));
    let arrivals = Arc::<arrivals::Arrivals>::default();
    let passkeys = Arc::new(callers::Callers::new(limits::PASSKEY_ATTEMPTS_OF_CALLER, limits::PASSKEY_ATTEMPTS_WITHIN));
    let calendars = Arc::new(callers::Callers::new(limits::FEED_READS_OF_CALLER, limits::FEED_READS_WITHIN));
    let inbox = Arc::new(inbox::Inbox::open(app.0.domain.clone()));
    let refusals = Arc::<seldom::Seldom>::default();
    let server = Server { app, transport: transport.clone(), unknown_senders, desk, passkeys, arrivals, calendars, inbox, refusals };
    let own = Router::new()
        .route("/incidents/{reference}/addresses.csv", get(addresses::download))
        .route("/incidents/{reference}/archive.zip", get(archive::download))
        .merge(reports())
        .merge(insights())
        .route("/sites.csv", get(sites::download))
        .route("/answer", get(answer::show).post(answer::answer))
        .route("/offer", get(answer::show_offer).post(answer::answer_offer))
        .route("/assets/{file}", get(html::asset))
        .route("/calendar/{file}", get(calendar::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/sign-in", get(session::show).post(session::sign_in))
        .route("/sign-in/company", get(company::depart))
        .route("/sign-in/company/callback", get(company::arrive))
        .route("/sign-in/mail", post(asked::ask))
        .route("/sign-in/passkey/begin", post(passkeys::begin_sign_in))
        .route("/sign-in/passkey/finish", post(passkeys::sign_in))
        .route("/passkeys", get(passkeys::show))
        .route("/passkeys/begin", post(passkeys::begin_adding))
        .route("/passkeys/finish", post(passkeys::add))
        .route("/sign-out", post(session::sign_out))
        .route("/hooks/alertmanager", post(alerts::alertmanager))
        .route("/hooks/alerts", post(alerts::own))
        .route("/hooks/alerts/{name}", post(alerts::named).put(alerts::named))
        .route("/hooks/alerts/{name}/{secret}", post(alerts::named).put(alerts::named))
        .route("/hooks/heartbeat/{name}", get(heartbeat::beat).post(heartbeat::beat))
        .route("/hooks/heartbeat/{name}/fail", get(heartbeat::fail).post(heartbeat::fail))
        .route("/hooks/heartbeat/{name}/{secret}", get(heartbeat::beat).post(heartbeat::beat))
        .route("/hooks/heartbeat/{name}/{secret}/fail", get(heartbeat::fail).post(heartbeat::fail))
        .route("/hooks/zendesk", post(hooks::zendesk))
        .route("/hooks/slack/{address}", post(hooks::slack))
        .route("/hooks/trello", get(hooks::trello_is_here).post(hooks::trello))
        .route("/files", post(files::upload).layer((RequestBodyTimeoutLayer::new(UPLOAD_PAUSE), DefaultBodyLimit::max(UPLOAD_BYTES))))
        .route("/files/{id}", get(files::download))
        .merge(console::router())
        .nest("/scim/v2", scim::router())
        .with_state(server);
    let header = |name, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let only_tls = transport.is_secure().then(|| HeaderValue::from_static("max-age=31536000"));
    let all = own
        .merge(api)
        .fallback(async || Problem::nothing_here())
        .layer(header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        // Not `no-referrer`: with that, browsers call our own forms' origin `null`.
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(SetResponseHeaderLayer::if_not_present(header::STRICT_TRANSPORT_SECURITY, only_tls))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            Problem(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "Something went wrong inside Muster.".into()).into_response()
        }));
    traced::traced(all, traces)
}
