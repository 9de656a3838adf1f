//! Who may post alerts. Secrets are compared in constant time, and what is refused says what is missing and nothing else.
//!
//! What the settings of a source have is demanded: its secret, its signature, or both. A source without either, of a kind that can send
//! headers, shows an API token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::authz::Actor;
use domain::error::code;
use domain::people::access::{TOKEN_PREFIX, authenticate};
use domain::people::secrets::Secret;
use domain::{Ctx, Error};
use entity::{Source, Timestamp};
use subtle::ConstantTimeEq;

use crate::alert_sources::AlertSource;
use crate::alert_sources::kind::{Proof, Signed};
use crate::connections::{CallerAddress, Place};
use crate::http::problem::Problem;
use crate::http::server::Server;
use crate::transport::Credential;

/// What is known of whoever posts, before the body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A secret.
    Secret,
    /// Nothing: the signature of the body decides.
    Nothing,
}

/// Showed the secret of the hooks without settings of their own, or any API token. From here on, Muster itself is the actor.
pub struct Admitted(pub Ctx);

impl FromRequestParts<Server> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let shown = request.headers.get(header::AUTHORIZATION).and_then(|value| Credential::bearer(value.to_str().ok()?));
        let Some(Credential::Bearer(shown)) = shown else {
            return Err(Error::Unauthenticated("This hook needs the header `Authorization: Bearer SECRET`.").into());
        };
        let parts = &server.app.0;
        if !parts.settings.alerts_secret.as_deref().is_some_and(|secret| is_same(secret, &shown)) {
            of_token(server, request, shown).await?;
        }
        let ctx = parts.domain.ctx(Actor::System, Source::Alert);
        Place::keep_of(request, None);
        Ok(Self(ctx))
    }
}

/// Looks at all that is known before the body is read; `in_address` is what the address ends with.
pub async fn admit(server: &Server, source: &AlertSource, in_address: Option<&str>, request: &Parts) -> Result<Shown, Problem> {
    let kind = source.kind;
    for proof in kind.proofs {
        if let Proof::Signature { header, .. } = proof
            && source.signing_secret.is_some()
            && !request.headers.contains_key(*header)
        {
            return Err(unauthenticated(format!("The header {header} is missing: this source signs what it posts. See {}.", kind.docs)));
        }
    }
    match source.secret.as_deref() {
        Some(secret) if kind.takes_address() && in_address.is_some_and(|shown| is_same(secret, shown)) => {}
        None if source.signing_secret.is_some() || kind.has_topics() => return Ok(Shown::Nothing),
        secret => in_header(server, source, secret, request).await?,
    }
    Ok(Shown::Secret)
}

/// Looks for `secret`, or an API token, in the header.
async fn in_header(server: &Server, source: &AlertSource, secret: Option<&str>, request: &Parts) -> Result<(), Problem> {
    let is_secret = |shown: &str| secret.is_some_and(|secret| is_same(secret, shown));
    let authorization = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if password(authorization).is_some_and(|shown| is_secret(&shown)) {
        return Ok(());
    }
    match Credential::bearer(authorization) {
        Some(Credential::Bearer(shown)) if is_secret(&shown) => Ok(()),
        Some(Credential::Bearer(shown)) if !shown.starts_with(TOKEN_PREFIX) => Err(unauthenticated(mistyped(source))),
        Some(Credential::Bearer(shown)) => of_token(server, request, shown).await,
        _ => Err(unauthenticated(missing(source))),
    }
}

fn missing(source: &AlertSource) -> String {
    let kind = source.kind;
    let what = match (kind.takes_header(), kind.takes_address()) {
        (false, true) => "The secret of this source is missing or wrong: its address ends with it.",
        (_, true) => {
            "The secret of this source is missing or wrong: send `Authorization: Bearer SECRET`, or put it at the end of the address."
        }
        (_, false) => {
            "This source needs the header `Authorization: Bearer SECRET`, or its secret as the password of `Authorization: Basic`."
        }
    };
    format!("{what} See {}.", kind.docs)
}

fn mistyped(source: &AlertSource) -> String {
    let docs = source.kind.docs;
    match (&source.name, &source.secret) {
        (Some(name), Some(_)) => format!("This is neither the secret in alerts.sources.{name}.secret nor an API token. See {docs}."),
        _ => format!("This is no API token: those begin with {TOKEN_PREFIX}. See {docs}."),
    }
}

async fn of_token(server: &Server, request: &Parts, shown: String) -> Result<(), Problem> {
    let parts = &server.app.0;
    let stranger = parts.domain.ctx(Actor::System, Source::Alert).calling_from(CallerAddress::of(request).0);
    parts.domain.db.while_up(authenticate(&stranger, &Secret::Token(shown))).await??.require_unbound()?;
    Ok(())
}

/// Checks the signature of the body, if the settings have a secret for it.
pub fn verify(source: &AlertSource, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Problem> {
    let Some(secret) = source.signing_secret.as_deref() else { return Ok(()) };
    for proof in source.kind.proofs {
        if let Proof::Signature { verify, .. } = proof {
            verify(&Signed { secret, headers, body, now }).map_err(|why| unauthenticated(format!("{why} See {}.", source.kind.docs)))?;
        }
    }
    Ok(())
}

/// A refusal of whoever posts.
pub fn unauthenticated(why: String) -> Problem {
    Problem(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, why)
}

fn is_same(secret: &str, shown: &str) -> bool {
    secret.as_bytes().ct_eq(shown.as_bytes()).into()
}

/// The password of `Authorization: Basic`, whoever the user is.
fn password(authorization: &str) -> Option<String> {
    let (scheme, pair) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(pair.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_what_follows_the_first_colon() {
        assert_eq!(password("Basic dTpwOnE=").as_deref(), Some("p:q"));
        assert_eq!(password("basic  dTpw").as_deref(), Some("p"));
        for bad in ["", "Basic", "Basic !", "Basic dQ==", "Bearer dTpw"] {
            assert_eq!(password(bad), None, "{bad}");
        }
    }
}
