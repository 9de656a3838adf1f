//! Who calls, and with what.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::Ctx;
use domain::authz::Right;
use serde_json::{Map, Value};

use super::fault::Fault;
use crate::http::posted::Posted;
use crate::http::server::Server;

/// Enough for a user with all that a directory knows.
const BODY_KIB: usize = 64;

/// A directory, which shows the token of an administrator.
pub struct Directory(pub Ctx);

impl FromRequestParts<Server> for Directory {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Fault> {
        let ctx = server.transport.authenticate(parts).await?.ctx;
        if ctx.actor.token().is_none() {
            return Err(Fault::new(StatusCode::FORBIDDEN, "A directory shows a token, as `Authorization: Bearer TOKEN`."));
        }
        ctx.require(Right::Administer)?;
        Ok(Self(ctx))
    }
}

/// What it sends.
pub struct Sent(pub Map<String, Value>);

impl FromRequest<Server> for Sent {
    type Rejection = Fault;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Fault> {
        let Posted(body) = Posted::<BODY_KIB>::from_request(request, server).await?;
        let sent = serde_json::from_slice(&body);
        sent.map(Self).map_err(|error| Fault::invalid("invalidSyntax", format!("This is no JSON object: {error}.")))
    }
}
