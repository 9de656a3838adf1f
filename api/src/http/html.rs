//! Pages for people: the board, until the console takes its place, and the frame that all small pages share.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use domain::error::code;
use domain::people::access::authenticate;
use domain::people::secrets::Secret;

use super::problem::Problem;
use super::server::Server;
use super::welcome;

/// The board for people who are signed in; for others, how to sign in.
pub async fn home(State(server): State<Server>, headers: HeaderMap) -> Response {
    let signed_in = match server.transport.session(&headers) {
        Some(secret) => authenticate(&server.app.0.domain.system(), &Secret::Session(secret.to_owned())).await,
        None => Err(domain::Error::Unauthenticated("")),
    };
    match signed_in {
        Ok(_) => Html(include_str!("../../assets/home.html")).into_response(),
        Err(domain::Error::Unauthenticated(_)) => page(StatusCode::OK, "Muster", &welcome::body(&server)),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The address of an incident in mails and notices: opens the board with the incident in focus.
pub async fn incident(server: State<Server>, Path(reference): Path<String>, headers: HeaderMap) -> Response {
    match domain::incident::parse_reference(&reference) {
        Ok(_) => home(server, headers).await,
        Err(_) => page(
            StatusCode::NOT_FOUND,
            "There is no such incident",
            "<p>An incident's address ends in its number, such as INC-42. <a href=\"/\">Go to the board</a>.</p>",
        ),
    }
}

/// Scripts, styles and icon of the pages.
pub async fn asset(Path(file): Path<String>) -> Response {
    let (content_type, content) = match file.as_str() {
        "muster.css" => ("text/css; charset=utf-8", include_str!("../../assets/muster.css")),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        "passkeys.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/passkeys.js")),
        "home.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/home.js")),
        _ => return Problem(StatusCode::NOT_FOUND, code::NOT_FOUND, "There is nothing at this address.".into()).into_response(),
    };
    ([(header::CONTENT_TYPE, content_type)], content).into_response()
}

/// A page with a heading; `body` is HTML of our own.
pub(super) fn page(status: StatusCode, heading: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{heading}</title><link rel=\"icon\" href=\"/assets/icon.svg\"><link rel=\"stylesheet\" href=\"/assets/muster.css\"></head>\
         <body><main><h1>{heading}</h1>{body}</main></body></html>"
    );
    (status, Html(html)).into_response()
}
