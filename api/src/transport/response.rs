//! Responses as they are sent, whatever the protocol.

use async_graphql::{ErrorExtensionValues, Response as GqlResponse, ServerError, Value};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::error::code;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::media::Media;

/// An error with a code and no place in the query.
pub(super) fn refused(code: &'static str, message: impl Into<String>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    error
}

/// True when nothing was executed: there is no data, and no error has a path into it.
pub(super) fn is_request_error(response: &GqlResponse) -> bool {
    response.data == Value::Null && !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

/// Adds a code to the parser's and validator's errors, which have none, and limits their number.
pub(super) fn with_codes(mut response: GqlResponse) -> GqlResponse {
    const MOST: usize = 100;
    if is_request_error(&response) {
        response.errors.truncate(MOST);
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                extensions.set("code", code::BAD_USER_INPUT);
            }
        }
    }
    response
}

/// The code of the first error, if there is one.
pub(crate) fn code_of(response: &GqlResponse) -> Option<&str> {
    match response.errors.first()?.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// A response as it is sent. The specification wants no `data` if nothing was executed, whereas
/// async-graphql would write `null`.
pub(super) struct Payload<'a>(pub(super) &'a GqlResponse);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let response = self.0;
        let mut map = serializer.serialize_map(None)?;
        if !response.errors.is_empty() {
            map.serialize_entry("errors", &response.errors)?;
        }
        if !is_request_error(response) {
            map.serialize_entry("data", &response.data)?;
        }
        if !response.extensions.is_empty() {
            map.serialize_entry("extensions", &response.extensions)?;
        }
        map.end()
    }
}

/// A JSON answer with the headers common to all answers.
pub(super) fn json(status: StatusCode, media: Media, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media.content_type())];
            (status, PLAIN, headers, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a GraphQL response is not serializable");
            (StatusCode::INTERNAL_SERVER_ERROR, PLAIN).into_response()
        }
    }
}

/// Answers are for one caller at one moment, and nothing a browser should interpret.
pub(super) const PLAIN: [(HeaderName, HeaderValue); 2] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store")), (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))];
