//! The frame that all small pages share, and what they load.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::problem::Problem;

/// Scripts, styles and icon of the pages.
pub async fn asset(Path(file): Path<String>) -> Response {
    let (content_type, content) = match file.as_str() {
        "muster.css" => ("text/css; charset=utf-8", include_str!("../../assets/muster.css")),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        "passkeys.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/passkeys.js")),
        _ => return Problem::nothing_here().into_response(),
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
