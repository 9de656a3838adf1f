//! How domain errors look to a GraphQL client: the only place that sets `extensions`.

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, ServerError, Value};
use domain::Error;
use domain::error::code;

use super::cost::{COMPLEXITY_MAX, SEARCH_COST};

/// An error on its way to the client. `?` converts domain errors into it; nothing else converts, so no internal text
/// can slip out.
#[derive(Clone, Debug)]
pub struct ApiError(Arc<Error>);

/// The result of a resolver.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Whether the thing does not exist, or the caller may not see it.
    pub fn is_withheld(&self) -> bool {
        matches!(*self.0, Error::NotFound(_) | Error::Forbidden(_))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl From<Arc<Error>> for ApiError {
    fn from(error: Arc<Error>) -> Self {
        Self(error)
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(ApiError(error): ApiError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code());
        match &*error {
            Error::Invalid { field, .. } => extensions.set("field", *field),
            Error::FailedPrecondition { missing, .. } if !missing.is_empty() => {
                extensions.set("missing", missing.iter().map(String::as_str).map(Value::from).collect::<Vec<_>>());
            }
            Error::Conflict { current_version } => extensions.set("currentVersion", *current_version),
            Error::Unavailable(cause) => tracing::warn!(error = %cause, "the database is not available"),
            Error::Internal(cause) => {
                let request_id = format!("{:016x}", rand::random::<u64>());
                tracing::error!(error = %cause, request.id = request_id, "a request failed");
                extensions.set("requestId", request_id);
            }
            Error::Unauthenticated(_)
            | Error::Forbidden(_)
            | Error::NotFound(_)
            | Error::FailedPrecondition { .. }
            | Error::KeyTaken
            | Error::AlreadyThere
            | Error::Outside(_)
            | Error::RateLimited(_)
            | Error::TooSlow => {}
        }
        Self { message: error.to_string(), source: None, extensions: Some(extensions) }
    }
}

/// Gives the GraphQL engine's own errors, about a document or its variables, a code.
pub fn complete(errors: &mut [ServerError]) {
    for error in errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            let too_complex = error.message == "Query is too complex.";
            extensions.set("code", if too_complex { code::QUERY_TOO_COMPLEX } else { code::BAD_USER_INPUT });
            if too_complex {
                error.message = format!(
                    "The query costs more than {COMPLEXITY_MAX}, which is the most: each field counts 1, a page of a list multiplies what is in it by \
                     its size, and a search counts {SEARCH_COST}. Ask for smaller pages, or split it into several requests."
                );
            }
        }
    }
}
