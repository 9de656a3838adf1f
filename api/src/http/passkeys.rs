//! Passkeys: adding one (`/passkeys/…`, for people who are signed in) and signing in with one (`/sign-in/passkey/…`).
//!
//! Each takes two requests of a script of our own: the first asks, the second brings the browser's answer. A cookie that only the server
//! reads ties them together.

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::error::code;
use domain::people::passkeys::{self, Asked};
use domain::{Ctx, limits};
use serde::Deserialize;
use serde_json::{Value, json};

use super::html::page;
use super::posted::PostedJson;
use super::problem::Problem;
use super::server::Server;
use super::session::{add_cookie, is_signed_in, set_cookie};
use crate::connections::CallerAddress;

/// The page on which people see, add and remove their passkeys.
pub async fn show(State(server): State<Server>, headers: HeaderMap) -> Response {
    if !passkeys::are_offered(&server.app.0.domain.system()) {
        let body = "<p>Browsers know passkeys only at an address with a name and TLS. An administrator can give Muster one: the setting is \
                    <code>public_url</code>.</p><p><a href=\"/\">Back</a></p>";
        return page(StatusCode::NOT_FOUND, "There are no passkeys here", body);
    }
    if !is_signed_in(&server, &headers).await {
        return Redirect::to("/").into_response();
    }
    Html(include_str!("../../assets/passkeys.html")).into_response()
}

/// What the browser answers.
#[derive(Deserialize)]
pub struct Answer {
    credential: Value,
    #[serde(default)]
    name: String,
}

/// Has the browser make a passkey.
pub async fn begin_adding(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let ctx = caller(&server, request).await?.0;
    Ok(ask(&server, passkeys::begin_adding(&ctx).await?))
}

/// Adds the passkey that it made.
pub async fn add(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let (ctx, request) = caller(&server, request).await?;
    let secret = secret(&server, request.headers());
    let PostedJson(Answer { credential, name }) = PostedJson::from_request(request, &server).await?;
    let added = passkeys::add(&ctx, &secret, &name, credential).await?;
    let mut response = axum::Json(json!({ "id": added.id.to_string() })).into_response();
    add_cookie(&mut response, &server.transport.passkey_cookie("", 0));
    Ok(response)
}

/// Has the browser show a passkey.
pub async fn begin_sign_in(State(server): State<Server>, caller: CallerAddress, headers: HeaderMap) -> Result<Response, Problem> {
    server.transport.check_own_page(&headers)?;
    let ctx = server.ctx(caller);
    if !server.passkeys.admit(caller, ctx.now()) {
        let message = "Many sign-ins began where you are. Try again in ten minutes, or sign in another way.";
        return Err(Problem(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, message.into()));
    }
    Ok(ask(&server, passkeys::begin_sign_in(&ctx).await?))
}

/// Signs in the owner of the passkey that it shows.
pub async fn sign_in(
    State(server): State<Server>,
    caller: CallerAddress,
    headers: HeaderMap,
    PostedJson(Answer { credential, .. }): PostedJson<Answer>,
) -> Result<Response, Problem> {
    let session = passkeys::sign_in(&server.ctx(caller), &secret(&server, &headers), credential).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&server, &mut response, &session, limits::SESSION_LIFETIME.num_seconds());
    add_cookie(&mut response, &server.transport.passkey_cookie("", 0));
    Ok(response)
}

/// Who is signed in, and their request.
async fn caller(server: &Server, request: Request) -> Result<(Ctx, Request), Problem> {
    let (parts, body) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await?;
    Ok((caller.ctx, Request::from_parts(parts, body)))
}

fn ask(server: &Server, Asked { options, secret }: Asked) -> Response {
    let mut response = axum::Json(options).into_response();
    add_cookie(&mut response, &server.transport.passkey_cookie(&secret, limits::PASSKEY_PATIENCE.num_seconds()));
    response
}

fn secret(server: &Server, headers: &HeaderMap) -> String {
    server.transport.passkey(headers).unwrap_or_default().to_owned()
}
