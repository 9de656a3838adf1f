//! What goes wrong before anything runs.

use std::{borrow::Cow, time::Duration};

use async_graphql::Response as GqlResponse;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::error::code;

use super::media::Media;
use super::response::{Payload, json, refused};

/// Why [`super::Gateway::authenticate`] identifies no caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The credential is missing, wrong, expired or revoked.
    Unauthenticated,
    /// It is valid and does not count here, for this reason.
    Forbidden(String),
    /// It can't be checked now; the client should try again after this time.
    Unavailable { retry_after: Duration },
}

/// An error of the transport itself, before anything ran.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Rejection {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    pub(super) fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, message)
    }

    pub(super) fn mutation_by_get() -> Self {
        let message = "A mutation can't run by GET; send it by POST.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, code::BAD_USER_INPUT, message)
            .with_header(header::ALLOW, HeaderValue::from_static("POST"))
    }

    pub(super) fn respond(self, media: Media) -> Response {
        let body = GqlResponse::from_errors(vec![refused(self.code, self.message)]);
        let mut response = json(self.status, media, Payload(&body).text());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthenticated => {
                let message = "Sign in, or send a valid token as `Authorization: Bearer TOKEN`.";
                Self::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message)
                    .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            Refusal::Forbidden(why) => Self::new(StatusCode::FORBIDDEN, code::FORBIDDEN, why),
            Refusal::Unavailable { retry_after } => {
                let message = "The server can't check who you are at the moment; try again shortly.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message)
                    .with_header(header::RETRY_AFTER, retry_after.as_secs().max(1).into())
            }
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.respond(Media::Json)
    }
}
