//! Sign-in by link. The link shows a page with a button, and only the button uses the link up: mail scanners and previews, which
//! open every link they see, can't sign in that way.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::people::access;
use domain::people::secrets::Secret;
use serde::Deserialize;

use super::html::page;
use super::posted::PostedForm;
use super::problem::Problem;
use super::server::Server;
use crate::connections::CallerAddress;

/// What the page and its button carry.
#[derive(Deserialize)]
pub struct SignInLink {
    #[serde(default)]
    link: String,
}

/// The page behind a sign-in link.
pub async fn show(Query(SignInLink { link }): Query<SignInLink>) -> Response {
    if !is_secret(&link) {
        return page(
            StatusCode::BAD_REQUEST,
            "This sign-in link is incomplete",
            "<p>Open the whole link, or ask an administrator for a new one.</p>",
        );
    }
    let form = format!(
        "<p>This link works only once.</p><form method=\"post\" action=\"/sign-in\"><input type=\"hidden\" name=\"link\" value=\"{link}\">\
         <button autofocus>Sign in</button></form>"
    );
    page(StatusCode::OK, "Sign in to Muster", &form)
}

/// Whether `text` looks like a secret of ours (letters, digits, - and _); nothing else may enter a page.
pub(super) fn is_secret(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Uses the link up and opens a session.
pub async fn sign_in(
    State(server): State<Server>,
    address: CallerAddress,
    PostedForm(SignInLink { link }): PostedForm<SignInLink>,
) -> Response {
    match access::sign_in(&server.ctx(address), &link).await {
        Ok(secret) => {
            let mut response = Redirect::to("/").into_response();
            set_cookie(&server, &mut response, &secret, domain::limits::SESSION_LIFETIME.num_seconds());
            response
        }
        Err(error @ domain::Error::Unauthenticated(_)) => {
            page(StatusCode::UNAUTHORIZED, "This sign-in link does not work", &format!("<p>{error}</p>"))
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Ends the session.
pub async fn sign_out(State(server): State<Server>, address: CallerAddress, headers: HeaderMap) -> Response {
    if let Err(rejection) = server.transport.check_own_page(&headers) {
        return rejection.into_response();
    }
    if let Some(secret) = server.transport.session(&headers)
        && let Err(error) = access::sign_out(&server.ctx(address), secret).await
    {
        return Problem::from(error).into_response();
    }
    let mut response = Redirect::to("/").into_response();
    set_cookie(&server, &mut response, "", 0);
    response
}

/// Whether the browser has a session of its own that is valid.
pub(super) async fn is_signed_in(server: &Server, headers: &HeaderMap) -> bool {
    match server.transport.session(headers) {
        Some(secret) => access::authenticate(&server.app.0.domain.system(), &Secret::Session(secret.to_owned())).await.is_ok(),
        None => false,
    }
}

pub(super) fn set_cookie(server: &Server, response: &mut Response, value: &str, max_age: i64) {
    add_cookie(response, &server.transport.session_cookie(value, max_age));
}

pub(super) fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
