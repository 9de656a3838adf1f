//! How errors look outside GraphQL.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;
use domain::error::code;
use serde_json::json;

use crate::transport::Rejection;

/// An error as JSON: status, code, message.
pub struct Problem(pub StatusCode, pub &'static str, pub String);

impl Problem {
    /// For an address that we have not.
    pub fn nothing_here() -> Self {
        Self::not_found("There is nothing at this address.")
    }

    /// For an address that leads nowhere, and why.
    pub fn not_found(why: &str) -> Self {
        Self(StatusCode::NOT_FOUND, code::NOT_FOUND, why.to_owned())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let mut response = (status, axum::Json(json!({ "error": { "code": code, "message": message } }))).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        Self(rejection.status, rejection.code, rejection.message.into_owned())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::FailedPrecondition { .. } | Error::Conflict(_) | Error::Overwritten(_) | Error::KeyTaken | Error::AlreadyThere => {
                StatusCode::CONFLICT
            }
            Error::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::TooSlow | Error::Outside(_) | Error::Unavailable(_) | Error::Unrecorded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(cause) => {
                tracing::error!(error = %cause, "a request failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self(status, error.code(), error.to_string())
    }
}
