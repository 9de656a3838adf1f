//! Who claims to be calling: the bearer token or session cookie of a request.
//!
//! The handlers call [`admit`] first. Guarantee: a session cookie, which browsers attach to
//! requests of any site, is admitted only when the browser does not say that another site made the
//! request. A bearer token proves that the caller's own code made the request and needs no such
//! check. POST bodies must also be `application/json` (see [`super::params`]), which no form can
//! send and which a script of another origin may send only after a CORS preflight that this server
//! never grants.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use domain::error::code;

use super::rejection::Rejection;

/// Name of the cookie that holds a browser's session.
pub const SESSION_COOKIE: &str = "muster_session";

/// What a client presented to prove who it is. Secrets stay out of its `Debug` text.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Token of `Authorization: Bearer TOKEN`.
    Bearer(String),
    /// Value of the cookie [`SESSION_COOKIE`].
    Session(String),
    /// Nothing.
    Anonymous,
}

impl Credential {
    /// Reads the value of an `Authorization` header; `None` if it is of another scheme.
    pub(crate) fn bearer(authorization: &str) -> Option<Self> {
        let (scheme, token) = authorization.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Self::Bearer(token.trim().to_owned()))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(..)",
            Self::Session(_) => "Session(..)",
            Self::Anonymous => "Anonymous",
        })
    }
}

/// The credential of a request: a bearer token takes precedence over a session cookie.
///
/// # Errors
/// 403 when a cookie comes with a request that another site made.
pub(super) fn admit(headers: &HeaderMap, public_origin: Option<&str>) -> Result<Credential, Rejection> {
    if let Some(bearer) = text(headers, &header::AUTHORIZATION).and_then(Credential::bearer) {
        return Ok(bearer);
    }
    let Some(session) = session_cookie(headers) else {
        return Ok(Credential::Anonymous);
    };
    if is_same_origin(headers, public_origin) {
        Ok(Credential::Session(session.to_owned()))
    } else {
        Err(Rejection::new(
            StatusCode::FORBIDDEN,
            code::FORBIDDEN,
            "A session cookie is accepted only from this server's own pages; \
             other origins must send a token as `Authorization: Bearer TOKEN`.",
        ))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The value of the cookie [`SESSION_COOKIE`].
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}

/// Only browsers set these two headers, never a page's script. Browsers omit both only
/// for navigation and plain GET without TLS; a GET changes nothing and its answer stays unreadable
/// for other origins.
fn is_same_origin(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    if let Some(site) = headers.get(SEC_FETCH_SITE)
        && site != "same-origin"
        && site != "none"
    {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    if public_origin.is_some_and(|public| public.trim_end_matches('/') == origin) {
        return true;
    }
    // The scheme is ignored: a proxy that ends TLS hides it.
    match (origin.split_once("://"), text(headers, &header::HOST)) {
        (Some((_, authority)), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn admitted(pairs: &[(&'static str, &'static str)]) -> Result<Credential, StatusCode> {
        let headers = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        admit(&headers, Some("https://muster.example/")).map_err(|rejection| rejection.status)
    }

    #[test]
    fn a_bearer_token_wins_and_needs_no_origin() {
        let bearer = Ok(Credential::Bearer("t".into()));
        let elsewhere = ("origin", "https://evil.example");
        assert_eq!(admitted(&[("authorization", "bearer t"), ("cookie", "muster_session=s"), elsewhere]), bearer);
        assert_eq!(admitted(&[("authorization", "Basic t"), elsewhere]), Ok(Credential::Anonymous));
    }

    #[test]
    fn a_cookie_counts_only_for_the_same_origin() {
        let cookie = ("cookie", "a=b; muster_session=s; c=d");
        let session = || Ok(Credential::Session("s".into()));
        let refused = || Err(StatusCode::FORBIDDEN);
        let host = ("host", "10.0.0.1:8080");
        assert_eq!(admitted(&[cookie, host]), session());
        assert_eq!(admitted(&[cookie, host, ("origin", "http://10.0.0.1:8080")]), session());
        assert_eq!(admitted(&[cookie, host, ("origin", "https://muster.example")]), session());
        assert_eq!(admitted(&[cookie, host, ("sec-fetch-site", "same-origin")]), session());
        assert_eq!(admitted(&[cookie, host, ("origin", "http://10.0.0.1:9090")]), refused());
        assert_eq!(admitted(&[cookie, host, ("origin", "null")]), refused());
        assert_eq!(admitted(&[cookie, host, ("sec-fetch-site", "same-site")]), refused());
        assert_eq!(admitted(&[cookie, host, ("sec-fetch-site", "cross-site")]), refused());
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(format!("{:?}", Credential::Bearer("secret".into())), "Bearer(..)");
    }
}
