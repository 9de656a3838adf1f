//! Bodies that are read outside GraphQL: whole, of a bounded size, and here in time.

use std::io::Read;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use domain::error::code;
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::server::Server;
use crate::transport;

const KIB: usize = 1024;
/// Enough for what forms of our own pages hold.
const FORM_KIB: usize = 16;
/// KiB of a body whose sender is known only by a signature of the whole: enough for an event of a ticket or a card.
pub const SIGNED_KIB: usize = 1024;
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
        let Posted(body) = Posted::<SIGNED_KIB>::from_request(request, server).await?;
        Ok(Self(body))
    }
}

/// A body as it was before `Content-Encoding: gzip`, of at most `most` KiB: a little of it can become very much.
///
/// # Errors
/// 413 beyond that, 415 for another encoding, 400 for what is broken.
pub fn decoded(headers: &HeaderMap, body: Vec<u8>, most: usize) -> Result<Vec<u8>, Problem> {
    let refused = |status, message: String| Err(Problem(status, code::BAD_USER_INPUT, message));
    let encoding = headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.to_str().unwrap_or_default().trim().to_lowercase());
    match encoding.as_deref() {
        None | Some("" | "identity") => return Ok(body),
        Some("gzip" | "x-gzip") => {}
        Some(_) => return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, or with `Content-Encoding: gzip`.".into()),
    }
    let most = most * KIB;
    let mut whole = Vec::new();
    // One byte beyond the limit shows that there is more.
    let bounded = MultiGzDecoder::new(&*body).take(most as u64 + 1).read_to_end(&mut whole);
    if bounded.is_err() {
        return refused(StatusCode::BAD_REQUEST, "The body is not in gzip, or it is cut off.".into());
    }
    if whole.len() > most {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is too large: at most {most} bytes are allowed, unpacked."));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(encoding: &'static str, body: Vec<u8>) -> Result<Vec<u8>, u16> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(encoding))]);
        decoded(&headers, body, 1).map_err(|Problem(status, ..)| status.as_u16())
    }

    #[test]
    fn a_packed_body_is_unpacked_up_to_its_limit() {
        assert_eq!(unpacked("GZIP", gzip(b"hello")), Ok(b"hello".to_vec()));
        assert_eq!(unpacked("identity", b"hello".to_vec()), Ok(b"hello".to_vec()));
        assert_eq!(unpacked("gzip", gzip(&[b'x'; KIB])).map(|body| body.len()), Ok(KIB));
        assert_eq!(unpacked("gzip", gzip(&[b'x'; KIB + 1])), Err(413));
        let twice = [gzip(b"one"), gzip(b"two")].concat();
        assert_eq!(unpacked("gzip", twice), Ok(b"onetwo".to_vec()));
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(bomb.len() < 128 * KIB);
        assert_eq!(unpacked("gzip", bomb), Err(413));
        assert_eq!(unpacked("gzip", b"hello".to_vec()), Err(400));
        assert_eq!(unpacked("gzip", gzip(b"hello")[..12].to_vec()), Err(400));
        assert_eq!(unpacked("br", b"hello".to_vec()), Err(415));
    }
}
