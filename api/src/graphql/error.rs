//! How domain errors look to a GraphQL client: the only place that sets `extensions`.

use std::sync::Arc;

use async_graphql::{Context, ErrorExtensionValues, Name, PathSegment, ServerError, Value};
use domain::Error;
use domain::error::{Conflict, Overwritten, code};
use entity::{PersonId, Timestamp};

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

    /// Whether it can't be shown, because that it was shown can't be recorded.
    pub fn is_unrecorded(&self) -> bool {
        matches!(*self.0, Error::Unrecorded { .. })
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
            Error::Conflict(conflict) => set_conflict(&mut extensions, conflict),
            Error::Overwritten(by_other) => set_overwritten(&mut extensions, by_other),
            Error::Unavailable(cause) => tracing::warn!(error = %cause, "the database is not available"),
            Error::Unrecorded { .. } => error.log("what is restricted was not shown"),
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

/// Adds to the answer an error that belongs to no field: what was asked for is there, but for something that is left out of a list.
pub fn tell_beside(gql: &Context<'_>, error: Error) {
    let error = async_graphql::Error::from(ApiError::from(error));
    gql.add_error(ServerError { extensions: error.extensions, ..ServerError::new(error.message, None) });
}

/// Adds to the answer that the entry at `index` of this field's list failed, which is null.
pub fn tell_of_entry(gql: &Context<'_>, index: usize, error: ApiError) {
    let mut error = gql.set_error_path(async_graphql::Error::from(error).into_server_error(gql.item.pos));
    error.path.push(PathSegment::Index(index));
    gql.add_error(error);
}

/// Which incident it is, and of what the caller wanted to set: what somebody else changed, who was the last, and what is there now.
fn set_conflict(extensions: &mut ErrorExtensionValues, conflict: &Conflict) {
    extensions.set("incidentId", conflict.incident.to_string());
    extensions.set("currentVersion", conflict.version);
    let Some(last) = conflict.changes.last() else { return };
    let fields: Vec<Value> = conflict.changes.iter().map(|change| change.field.as_str().into()).collect();
    let present = conflict.changes.iter().map(|change| {
        (Name::new(change.field.as_str()), Value::from_json(change.value.clone()).expect("values of JSON are values of GraphQL"))
    });
    extensions.set("fields", fields);
    extensions.set("present", Value::Object(present.collect()));
    set_author(extensions, last.by.as_ref(), last.at);
}

/// What the section of a report says now, who wrote it, and when.
fn set_overwritten(extensions: &mut ErrorExtensionValues, by_other: &Overwritten) {
    extensions.set("currentVersion", by_other.version);
    extensions.set("present", Value::Object([(Name::new("body"), by_other.body.as_str().into())].into_iter().collect()));
    set_author(extensions, by_other.by.as_ref(), by_other.at);
}

/// Who did it, and when.
fn set_author(extensions: &mut ErrorExtensionValues, by: Option<&(PersonId, String)>, at: Timestamp) {
    let person = |(id, name): &(PersonId, String)| {
        let fields = [("id", id.to_string()), ("name", name.clone())];
        Value::Object(fields.into_iter().map(|(key, value)| (Name::new(key), value.into())).collect())
    };
    extensions.set("by", by.map_or(Value::Null, person));
    extensions.set("at", at.to_rfc3339());
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
