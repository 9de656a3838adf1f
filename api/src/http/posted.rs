//! Bodies that are read outside GraphQL: whole, of a bounded size, and here in time.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use domain::error::code;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::server::Server;
use crate::transport;

const KIB: usize = 1024;
/// Enough for what forms of our own pages hold.
const FORM_KIB: usize = 16;
/// Enough for an event of a ticket or a card.
const EVENT_KIB: usize = 1024;
/// Time for a body to arrive.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many bodies may arrive at once whose senders are known only by a signature of the whole. This bounds the memory that they take.
pub const UNKNOWN_SENDERS: usize = 64;

/// A body of at most `MOST` KiB, for handlers that know the sender by now.
pub struct Posted<const MOST: usize>(pub Vec<u8>);

impl<const MOST: usize, S: Send + Sync> FromRequest<S> for Posted<MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        Ok(Self(transport::collect(&parts.headers, body, MOST * KIB, PATIENCE).await?))
    }
}

/// A form of one of our own pages. A page of another site must not sign people in, nor answer for them.
pub struct PostedForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Server> for PostedForm<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let form = Form::<T>::from_request(of_own_page(request, server).await?, server).await;
        let Form(form) = form.map_err(|rejection| Problem(rejection.status(), code::BAD_USER_INPUT, rejection.body_text()))?;
        Ok(Self(form))
    }
}

/// JSON from a script of one of our own pages.
pub struct PostedJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Server> for PostedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let json = Json::<T>::from_request(of_own_page(request, server).await?, server).await;
        let Json(json) = json.map_err(|rejection| Problem(rejection.status(), code::BAD_USER_INPUT, rejection.body_text()))?;
        Ok(Self(json))
    }
}

/// The request with its whole body, if one of our own pages sends it.
async fn of_own_page(request: Request, server: &Server) -> Result<Request, Problem> {
    let (parts, body) = request.into_parts();
    server.transport.check_own_page(&parts.headers)?;
    let bytes = transport::collect(&parts.headers, body, FORM_KIB * KIB, PATIENCE).await?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The body of an event whose signature covers it, so that it must be read before its sender is known.
pub struct SignedBody(pub Vec<u8>);

impl FromRequest<Server> for SignedBody {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let Ok(_one) = server.unknown_senders.try_acquire() else {
            let message = "Too many events arrive at once: send it again.";
            return Err(Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message.into()));
        };
        let Posted(body) = Posted::<EVENT_KIB>::from_request(request, server).await?;
        Ok(Self(body))
    }
}
