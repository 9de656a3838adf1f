//! Errors in SCIM's form.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Error;
use serde_json::json;

use super::answer::answer;
use crate::http::problem::Problem;
use crate::transport::Rejection;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a directory is refused.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    /// One of the names in RFC 7644, 3.12.
    kind: Option<&'static str>,
    detail: String,
}

impl Fault {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into() }
    }

    pub fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// What was sent can't be accepted as it is.
    pub fn invalid(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: Some(kind), detail: detail.into() }
    }
}

impl From<Problem> for Fault {
    fn from(Problem(status, _, detail): Problem) -> Self {
        Self { status, kind: None, detail }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        Problem::from(rejection).into()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::AlreadyThere => {
                let detail = "There is already somebody with this userName or this address.".to_owned();
                Self { status: StatusCode::CONFLICT, kind: Some("uniqueness"), detail }
            }
            Error::Invalid { reason, .. } => Self::invalid("invalidValue", reason),
            error => Problem::from(error).into(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut body = json!({ "schemas": [SCHEMA], "status": self.status.as_str(), "detail": self.detail });
        if let Some(kind) = self.kind {
            body["scimType"] = kind.into();
        }
        let mut response = answer(self.status, body);
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
