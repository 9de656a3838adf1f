//! Asking for a sign-in link by mail: `POST /sign-in/mail`.
//!
//! Guarantee: the answer is the same whether or not somebody has the address, and comes as fast: the work is done after it ([`super::desk`]).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::validate;
use serde::Deserialize;

use super::html::page;
use super::posted::PostedForm;
use super::server::Server;
use super::welcome;
use crate::connections::CallerAddress;

/// What the field holds.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    email: String,
}

/// Takes a request for a link.
pub async fn ask(State(server): State<Server>, caller: CallerAddress, PostedForm(Asked { email }): PostedForm<Asked>) -> Response {
    if !welcome::mails_links(&server) {
        let body = "<p>Muster sends no mail here. Ask an administrator for a sign-in link.</p><p><a href=\"/\">Back</a></p>";
        return page(StatusCode::NOT_FOUND, "There are no links by mail", body);
    }
    let Ok(address) = validate::email("email", &email) else {
        let body = "<p>An e-mail address looks like sam@example.org.</p><p><a href=\"/\">Try again</a></p>";
        return page(StatusCode::BAD_REQUEST, "This is no e-mail address", body);
    };
    if !server.desk.admit(caller, server.app.0.domain.clock.now()) {
        let body = "<p>Many links were asked for from where you are. Try again in an hour, or ask an administrator for one.</p>\
                    <p><a href=\"/\">Back</a></p>";
        return page(StatusCode::TOO_MANY_REQUESTS, "Too many requests", body);
    }
    if !server.desk.take(address) {
        let body = "<p>Muster is busy. Try again in a minute.</p><p><a href=\"/\">Back</a></p>";
        return page(StatusCode::SERVICE_UNAVAILABLE, "Not now", body);
    }
    let body = "<p>If somebody on the team has this address, a link is on its way. It works once, within an hour.</p>\
                <p>Nothing there after a few minutes? Look among the unwanted mail, check the address, or ask an administrator: \
                in an hour, at most three links go to one address.</p><p><a href=\"/\">Back</a></p>";
    page(StatusCode::OK, "Look into your mail", body)
}
