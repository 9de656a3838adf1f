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

/// A cookie of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnCookie {
    name: &'static str,
    /// Whether the server is reached by TLS.
    pub(super) is_secure: bool,
}

impl OwnCookie {
    /// The one that holds a browser's session, at a server whose pages have this origin.
    pub(super) fn session(public_origin: Option<&str>) -> Self {
        Self::of("muster_session", public_origin)
    }

    /// The one that holds what a browser needs to come back from a sign-in elsewhere.
    pub(super) fn departure(public_origin: Option<&str>) -> Self {
        Self::of("muster_departure", public_origin)
    }

    /// The one that holds the secret of what a browser was asked about passkeys.
    pub(super) fn passkey(public_origin: Option<&str>) -> Self {
        Self::of("muster_passkey", public_origin)
    }

    fn of(name: &'static str, public_origin: Option<&str>) -> Self {
        Self { name, is_secure: public_origin.is_some_and(|origin| origin.starts_with("https:")) }
    }

    /// With TLS, its prefix has browsers refuse a cookie that another host of the domain set, or anybody without TLS.
    fn prefix(self) -> &'static str {
        if self.is_secure { "__Host-" } else { "" }
    }

    /// Its value in a request.
    pub(super) fn read(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(name, value)| (name.strip_prefix(self.prefix()) == Some(self.name)).then_some(value))
    }

    /// What sets it, for `max_age` seconds; 0 removes it.
    pub(super) fn set(self, value: &str, max_age: i64) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{}{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", self.prefix(), self.name)
    }
}

/// What a client presented to prove who it is. Secrets stay out of its `Debug` text.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Token of `Authorization: Bearer TOKEN`.
    Bearer(String),
    /// Value of the cookie with a session.
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
    let Some(session) = OwnCookie::session(public_origin).read(headers) else {
        return Ok(Credential::Anonymous);
    };
    if is_same_origin(headers, public_origin) {
        Ok(Credential::Session(session.to_owned()))
    } else {
        Err(Rejection::new(
            StatusCode::FORBIDDEN,
            code::FORBIDDEN,
            "A session cookie is accepted only from this server's own pages: other origins must send a token as \
             `Authorization: Bearer TOKEN`, and none of their cookies. If this is a page of Muster, it is not at `public_url`.",
        ))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a request comes from a page of this server, as far as its browser says.
///
/// Only browsers set these two headers, never a page's script. Browsers omit both only
/// for navigation and plain GET without TLS; a GET changes nothing and its answer stays unreadable
/// for other origins.
pub(super) fn is_same_origin(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
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
        admitted_at(pairs, "https://muster.example/")
    }

    fn admitted_at(pairs: &[(&'static str, &'static str)], origin: &str) -> Result<Credential, StatusCode> {
        let headers = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        admit(&headers, Some(origin)).map_err(|rejection| rejection.status)
    }

    #[test]
    fn a_bearer_token_wins_and_needs_no_origin() {
        let bearer = Ok(Credential::Bearer("t".into()));
        let elsewhere = ("origin", "https://evil.example");
        assert_eq!(admitted(&[("authorization", "bearer t"), ("cookie", "__Host-muster_session=s"), elsewhere]), bearer);
        assert_eq!(admitted(&[("authorization", "Basic t"), elsewhere]), Ok(Credential::Anonymous));
    }

    #[test]
    fn a_cookie_counts_only_for_the_same_origin() {
        let cookie = ("cookie", "a=b; muster_session=old; __Host-muster_session=s; c=d");
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
    fn with_tls_only_the_cookie_counts_that_no_other_host_can_set() {
        let planted = ("cookie", "muster_session=s");
        assert_eq!(admitted_at(&[planted], "https://muster.example"), Ok(Credential::Anonymous));
        assert_eq!(admitted_at(&[planted], "http://127.0.0.1:8080"), Ok(Credential::Session("s".into())));
        assert_eq!(
            OwnCookie::session(Some("https://muster.example")).set("s", 60),
            "__Host-muster_session=s; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            OwnCookie::session(Some("http://127.0.0.1:8080")).set("", 0),
            "muster_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(format!("{:?}", Credential::Bearer("secret".into())), "Bearer(..)");
    }
}
