//! How answers look.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// An answer with SCIM's content type.
pub fn answer(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
    response
}

/// A page of a list of `total`, from `start` on.
pub fn list(total: u64, start: u64, resources: &[Value]) -> Response {
    let count = resources.len();
    let body = json!({ "schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": count, "Resources": resources });
    answer(StatusCode::OK, body)
}
