//! The calendar behind somebody's secret link: `GET /calendar/SECRET.ics`, by programs that don't sign in.
//!
//! Such programs ask when they like, some every second: what was read within the minute is at hand, and who has it already is told so. The
//! secret is in the address, so no log and no trace of ours has it: they know the route.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::agenda::{self, Agenda};
use domain::error::code;
use domain::{Error, limits};

use super::problem::Problem;
use super::server::Server;
use super::session::is_secret;
use crate::connections::CallerAddress;

/// Serves it.
pub async fn show(State(server): State<Server>, caller: CallerAddress, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(secret) = file.strip_suffix(".ics").filter(|secret| is_secret(secret)) else {
        return Problem::nothing_here().into_response();
    };
    let ctx = server.ctx(caller);
    let found = match agenda::at_hand(&ctx, secret).await {
        Some(agenda) => Ok(agenda),
        None if server.calendars.admit(caller, ctx.now()) => agenda::read(&ctx, secret).await,
        None => return too_many(),
    };
    match found {
        Ok(agenda) => answer(&agenda, &headers),
        // As at any address that leads nowhere.
        Err(Error::NotFound(_)) => Problem::nothing_here().into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn too_many() -> Response {
    let message = "Many calendars were read from where you are. Try again in a minute.";
    let mut response = Problem(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, message.into()).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(limits::FEED_READS_WITHIN.num_seconds()));
    response
}

fn answer(agenda: &Agenda, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", agenda.sha256);
    let about = [(header::CACHE_CONTROL, "private, max-age=300"), (header::ETAG, &*tag), (header::REFERRER_POLICY, "no-referrer")];
    if has(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let file = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8"), (header::CONTENT_DISPOSITION, "inline; filename=\"muster.ics\"")];
    (about, file, agenda.text.clone()).into_response()
}

/// Whether the caller has it already (RFC 9110, 13.1.2), where a mark for weak tags does not matter.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    known.map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_it_already_is_told_so() {
        let headers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            }
            headers
        };
        for (known, expected) in [
            (&[][..], false),
            (&["\"a\""], true),
            (&["W/\"a\""], true),
            (&["\"b\", \"a\""], true),
            (&["\"b\"", "\"a\""], true),
            (&["*"], true),
            (&["\"b\""], false),
            (&["a"], false),
        ] {
            assert_eq!(has(&headers(known), "\"a\""), expected, "{known:?}");
        }
    }
}
