//! The bytes of a body.
//!
//! [`super::params::from_post`] calls [`read`], other routes [`collect`]. Guarantees: never more than the limit is read, and never for
//! longer than the limit; GraphQL takes only what declares itself plain UTF-8 JSON.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use domain::error::code;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::{limits::TransportLimits, rejection::Rejection};

/// Reads a whole body.
///
/// # Errors
/// 415 for another content type, 413 and 408 for the limits, 400 for a body that breaks off.
pub(super) async fn read(headers: &HeaderMap, body: Body, limits: &TransportLimits) -> Result<Vec<u8>, Rejection> {
    check_content_type(headers)?;
    collect(headers, body, limits.body_bytes, limits.body_timeout).await
}

/// Reads a whole body of any kind: at most `limit` bytes, within `time`.
///
/// # Errors
/// 413 and 408 for the limits, 400 for a body that breaks off.
pub(crate) async fn collect(headers: &HeaderMap, body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Rejection> {
    timeout(time, collect_all(headers, body, limit)).await.unwrap_or_else(|_| {
        Err(Rejection::new(
            StatusCode::REQUEST_TIMEOUT,
            code::BAD_USER_INPUT,
            format!("The body did not arrive within {} s.", time.as_secs()),
        ))
    })
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Rejection> {
    let unsupported = |message| Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::BAD_USER_INPUT, message));
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut pieces = content_type.split(';').map(str::trim);
    let is_json = pieces.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf8 = pieces
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| charset.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if !is_json || !is_utf8 {
        return unsupported("Send the body as JSON in UTF-8, with `Content-Type: application/json`.");
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => unsupported("Send the body without `Content-Encoding`."),
        _ => Ok(()),
    }
}

async fn collect_all(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Rejection> {
    let too_large = || {
        Rejection::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            code::BAD_USER_INPUT,
            format!("The body is too large: at most {limit} bytes are allowed."),
        )
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Rejection::bad_request("The body ended before it was complete."))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
