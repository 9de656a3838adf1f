//! Posts that are admitted by their signature: an HMAC of the raw body and of the time, so nothing of the body is read before that is checked,
//! and what somebody overheard is of use to them for minutes only.
//!
//! What differs between the systems that post is in their [`Signer`]: [`super::slack`], [`super::zendesk`]. [`super::trello`] signs no time, and
//! has only [`is_code_of`] and [`refused`] from here.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{DateTime, TimeDelta, Utc};
use domain::error::code;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::http::problem::Problem;
use crate::http::server::Server;

/// How far the signature's time may be from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// A system that signs what it posts, and when, by a secret that we share with it.
pub trait Signer {
    /// What people call it.
    const NAME: &'static str;
    /// The header with the signature.
    const SIGNATURE: &'static str;
    /// The header with the time.
    const TIMESTAMP: &'static str;
    /// What is answered to a wrong signature: which setting must match what.
    const WRONG: &'static str;

    /// The secret.
    ///
    /// # Errors
    /// `NOT_FOUND` if its hook is not set up.
    fn secret(server: &Server) -> Result<&str, Problem>;

    /// What is signed before the body, by the time as it is written.
    fn before_body(time: &str) -> String;

    /// The bytes of a signature as it is written.
    fn code(signature: &str) -> Option<Vec<u8>>;

    /// The time as it is written.
    fn time(time: &str) -> Option<DateTime<Utc>>;
}

/// What a post says of its signature. Without it, nothing of the body is read.
pub struct Claim<S> {
    signature: String,
    time: String,
    signer: PhantomData<S>,
}

impl<S: Signer> FromRequestParts<Server> for Claim<S> {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, server: &Server) -> Result<Self, Problem> {
        S::secret(server)?;
        let header = |name: &str| {
            let value = request.headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or_else(|| refused(format!("The header {name} is missing: only {} may post here.", S::NAME)))
        };
        Ok(Self::new(header(S::SIGNATURE)?, header(S::TIMESTAMP)?))
    }
}

impl<S: Signer> Claim<S> {
    /// That this is the signature of something that was signed at this time, both as they are written.
    pub fn new(signature: &str, time: &str) -> Self {
        Self { signature: signature.to_owned(), time: time.to_owned(), signer: PhantomData }
    }

    /// The signature as it is written.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Accepts a body that was signed by `secret`, within the window around `now`.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, saying which of the two is not so.
    pub fn admit(&self, secret: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), Problem> {
        if !self.is_of(secret, body) {
            return Err(refused(S::WRONG));
        }
        require_recent(S::TIMESTAMP, S::time(&self.time), now)
    }

    fn is_of(&self, secret: &str, body: &[u8]) -> bool {
        let before = S::before_body(&self.time);
        S::code(&self.signature).is_some_and(|code| is_code_of::<Hmac<Sha256>>(&code, secret, [before.as_bytes(), body]))
    }
}

fn require_recent(header: &str, signed_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Problem> {
    if signed_at.is_some_and(|signed_at| (signed_at - now).abs() <= WINDOW) {
        return Ok(());
    }
    let minutes = WINDOW.num_minutes();
    Err(refused(format!("{header} is more than {minutes} minutes from now: it is a replay, or a clock is wrong.")))
}

/// Whether this is the code of `parts`, one after the other, by `secret`; compared in constant time.
pub fn is_code_of<M: Mac + KeyInit>(code: &[u8], secret: &str, parts: [&[u8]; 2]) -> bool {
    let Ok(mut mac) = M::new_from_slice(secret.as_bytes()) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(code).is_ok()
}

/// What is answered to a post that is not admitted.
pub fn refused(reason: impl Into<String>) -> Problem {
    Problem(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, reason.into())
}
