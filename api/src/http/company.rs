//! Sign-in with the company's account: `GET /sign-in/company` sends the browser to the provider, which sends it back to
//! `/sign-in/company/callback`.
//!
//! What must not be lost or forged on the way (state, nonce, the proof for the code) is in a cookie that lasts ten minutes, so any server
//! process can finish what another one began, and a callback counts only in the browser that set out.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::ports::{Arrival, NoAccount};
use domain::{Error, limits, people};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::escape::escaped;
use super::html::page;
use super::problem::Problem;
use super::server::Server;
use super::session::{add_cookie, is_secret, set_cookie};
use crate::connections::CallerAddress;
use crate::settings::Company;

/// Seconds that somebody has to sign in at the provider.
const PATIENCE: i64 = 600;
/// Characters of a code: some providers put a whole token into it.
const CODE_CHARS: usize = 8 * 1024;

const AGAIN: &str = "<p><a href=\"/sign-in/company\">Try again</a> or <a href=\"/\">sign in another way</a>.</p>";

/// Where the provider sends browsers back to.
fn back(server: &Server) -> String {
    format!("{}/sign-in/company/callback", server.app.0.settings.public_url)
}

/// Sends the browser to the provider.
pub async fn depart(State(server): State<Server>) -> Response {
    let Some(company) = &server.app.0.settings.company else { return not_offered() };
    match company.provider.depart(&back(&server)).await {
        Ok(departure) => {
            let mut response = Redirect::to(&departure.url).into_response();
            let kept = [departure.state, departure.nonce, departure.verifier].join(".");
            add_cookie(&mut response, &server.transport.departure_cookie(&kept, PATIENCE));
            response
        }
        Err(failure) => failed(&failure),
    }
}

/// What a browser comes back with.
#[derive(Deserialize)]
pub struct Callback {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    error: String,
}

/// Signs in who comes back from the provider.
pub async fn arrive(
    State(server): State<Server>,
    address: CallerAddress,
    headers: HeaderMap,
    callback: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let Some(company) = &server.app.0.settings.company else { return not_offered() };
    let mut response = match callback {
        Ok(Query(callback)) => finish(&server, company, address, &headers, callback).await,
        Err(_) => lost(),
    };
    add_cookie(&mut response, &server.transport.departure_cookie("", 0));
    response
}

async fn finish(server: &Server, company: &Company, address: CallerAddress, headers: &HeaderMap, callback: Callback) -> Response {
    let kept = server.transport.departure(headers).map(|kept| kept.split('.').collect::<Vec<_>>());
    let Some([state, nonce, verifier]) = kept.as_deref() else { return lost() };
    if !bool::from(state.as_bytes().ct_eq(callback.state.as_bytes())) {
        return lost();
    }
    if !callback.error.is_empty() {
        return refused_there(&callback.error);
    }
    if callback.code.is_empty() || callback.code.len() > CODE_CHARS {
        return lost();
    }
    let ctx = server.ctx(address);
    if !server.arrivals.callers.admit(address, ctx.now()) {
        let body = format!("<p>Too many sign-ins came from your network in the last minutes.</p>{AGAIN}");
        return page(StatusCode::TOO_MANY_REQUESTS, "Not now", &body);
    }
    let Ok(_one) = server.arrivals.at_once.try_acquire() else {
        let body = format!("<p>Many people sign in just now.</p>{AGAIN}");
        return page(StatusCode::SERVICE_UNAVAILABLE, "Not now", &body);
    };
    let arrival = Arrival { code: callback.code, nonce: (*nonce).to_owned(), verifier: (*verifier).to_owned() };
    let account = match company.provider.arrive(&back(server), arrival, ctx.now()).await {
        Ok(account) => account,
        Err(failure) => return failed(&failure),
    };
    match people::company::sign_in(&ctx, &company.rules, &account).await {
        Ok(secret) => {
            let mut response = Redirect::to("/").into_response();
            set_cookie(server, &mut response, &secret, limits::SESSION_LIFETIME.num_seconds());
            response
        }
        Err(Error::Forbidden(why)) => {
            tracing::info!(subject = account.subject, why, "somebody with an account of the company was refused");
            let body = format!("<p>{}</p><p><a href=\"/\">Sign in another way</a></p>", escaped(&why));
            page(StatusCode::FORBIDDEN, "You can't sign in with this account", &body)
        }
        Err(error) => {
            let Problem(status, _, why) = Problem::from(error);
            page(status, "You are not signed in", &format!("<p>{}</p>{AGAIN}", escaped(&why)))
        }
    }
}

fn not_offered() -> Response {
    let body = "<p>This server is not connected with your company's sign-in.</p><p><a href=\"/\">Sign in another way</a></p>";
    page(StatusCode::NOT_FOUND, "There is no such sign-in", body)
}

/// It began in another browser, too long ago, or has been finished.
fn lost() -> Response {
    let body = format!("<p>It took longer than ten minutes, has been finished before, or began in another browser or tab.</p>{AGAIN}");
    page(StatusCode::BAD_REQUEST, "This sign-in does not go on", &body)
}

/// The provider says no. What it says beyond a code is not shown: anybody can write such an address.
fn refused_there(code: &str) -> Response {
    if code == "access_denied" {
        let body = format!("<p>You cancelled it, or your company does not let you use Muster.</p>{AGAIN}");
        return page(StatusCode::FORBIDDEN, "You are not signed in", &body);
    }
    tracing::warn!(code = is_secret(code).then_some(code), "the identity provider refused a sign-in");
    let code = if is_secret(code) { format!(" It says <code>{code}</code>.") } else { String::new() };
    let body = format!("<p>Something is wrong there, or between it and Muster.{code} An administrator finds more in its log.</p>{AGAIN}");
    page(StatusCode::BAD_GATEWAY, "Your company's sign-in refused", &body)
}

fn failed(failure: &NoAccount) -> Response {
    tracing::warn!(reason = failure.reason(), "a sign-in with an account of the company failed");
    let (status, heading, what) = match failure {
        NoAccount::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Your company's sign-in does not answer",
            "It is down, or does not understand Muster. The server's log says more.",
        ),
        NoAccount::Stale(_) => return lost(),
        NoAccount::Clock(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Two clocks differ",
            "The clock of this server and that of your company's sign-in are minutes apart, so it can't be told whether you signed in just \
             now. Ask an administrator to set this server's clock.",
        ),
        NoAccount::Untrusted(_) => (
            StatusCode::FORBIDDEN,
            "This sign-in does not count",
            "What came back was not made for this browser, or not by your company. If it happens again, tell an administrator: the server's \
             log says more.",
        ),
    };
    page(status, heading, &format!("<p>{what}</p>{AGAIN}"))
}
