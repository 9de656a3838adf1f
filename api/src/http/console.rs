//! The console: what `web/` builds, embedded in the program. Its page is the same at each of its addresses; everything else of it
//! has a name with a hash of its content, so browsers keep it for good. A program that was built without it says so.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use domain::people::access::authenticate;
use domain::people::secrets::Secret;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::html::page;
use super::problem::Problem;
use super::server::Server;
use super::welcome;

/// What Vite wrote, with compressed copies beside; nothing if it did not run. Debug builds read it from disk when it is asked for.
#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[prefix = "/"]
struct Built;

/// The addresses of the console's pages, as `web/src/router.ts` has them.
const PAGES: &[&str] = &[
    "/",
    "/account",
    "/alerts",
    "/alerts/heartbeats",
    "/alerts/rules",
    "/api",
    "/audit",
    "/clients",
    "/declare",
    "/deliveries",
    "/follow-ups",
    "/insights",
    "/integrations",
    "/on-call",
    "/ops",
    "/people",
    "/playbook",
    "/search",
    "/sites",
    "/sites/import",
    "/webhooks",
];

/// As for all pages, and scripts get no text into the page as markup but what Svelte compiled.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html";

/// Its routes.
pub fn router() -> Router<Server> {
    let files = Router::new()
        .route("/console/{*file}", get(file))
        .route("/ops/{*path}", get(show))
        .route("/incidents/{reference}", get(incident))
        .route("/incidents/{reference}/report", get(incident))
        .route("/incidents/{reference}/review", get(incident))
        .route("/sites/{id}", get(show))
        .route("/alerts/posts/{id}", get(show));
    PAGES.iter().fold(files, |router, address| router.route(address, get(show)))
}

/// The console for people who are signed in; for others, how to sign in.
async fn show(State(server): State<Server>, headers: HeaderMap) -> Response {
    let signed_in = match server.transport.session(&headers) {
        Some(secret) => authenticate(&server.app.0.domain.system(), &Secret::Session(secret.to_owned())).await,
        None => Err(domain::Error::Unauthenticated("")),
    };
    match signed_in {
        Ok(_) => console(),
        Err(domain::Error::Unauthenticated(_)) => page(StatusCode::OK, "Muster", &welcome::body(&server)),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The address of an incident in mails and notices, and those of its report and its review.
async fn incident(server: State<Server>, Path(reference): Path<String>, headers: HeaderMap) -> Response {
    match domain::incident::parse_reference(&reference) {
        Ok(_) => show(server, headers).await,
        Err(_) => page(
            StatusCode::NOT_FOUND,
            "There is no such incident",
            "<p>An incident's address ends in its number, such as INC-42. <a href=\"/\">Go to the board</a>.</p>",
        ),
    }
}

fn console() -> Response {
    let Some(built) = Built::get("/console/index.html") else {
        return page(
            StatusCode::OK,
            "Muster is running without its console",
            "<p>This program was built without Node.js, so the pages for people are missing. The API, the hooks and the worker do all \
             they do otherwise.</p><p>To have the console: install Node.js 20.19 or newer, run <code>make run</code> again, and reload this \
             page.</p><form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>",
        );
    };
    let html = String::from_utf8_lossy(&built.data).into_owned();
    ([(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)], Html(html)).into_response()
}

/// A script, style or picture of the console.
async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let Some(content_type) = content_type(uri.path()) else { return Problem::nothing_here().into_response() };
    let Some((encoding, built)) = best(uri.path(), &headers) else { return Problem::nothing_here().into_response() };
    let mut response = (
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::VARY, "accept-encoding"),
        ],
        built.data,
    )
        .into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The smallest form of a file that the browser takes.
fn best(file: &str, headers: &HeaderMap) -> Option<(Option<&'static str>, EmbeddedFile)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |encoding: &str| accepted.split(',').any(|one| one.split(';').next().is_some_and(|name| name.trim() == encoding));
    [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(encoding, _)| takes(encoding))
        .find_map(|(encoding, ending)| Some((Some(encoding), Built::get(&format!("{file}.{ending}"))?)))
        .or_else(|| Some((None, Built::get(file)?)))
}

/// None for what is not to be had on its own, the compressed copies among it.
fn content_type(file: &str) -> Option<&'static str> {
    Some(match file.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => return None,
    })
}
