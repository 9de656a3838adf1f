//! Uploads and downloads of an incident's files.
//!
//! Upload: `POST /files` as a multipart form with `file`, `incident` (an id), and optionally `text` and `held` (`true` to let an event name
//! the file later), in any order. Download: `GET /files/att_…`. A download is never shown as a page of this server: everything but
//! pictures and plain text is offered for saving, and nothing in it may run.

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::error::code;
use domain::files::{self, Upload};
use domain::{Ctx, Error};
use entity::{AttachmentId, IncidentId, attachment};
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use super::problem::Problem;
use super::server::Server;

/// Bytes of a form's text field; its text is limited further anyway.
const FIELD_BYTES: usize = 256 * 1024;

/// Takes an upload.
pub async fn upload(State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (parts, body) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let request = Request::from_parts(parts, body);
    let form = <Multipart as axum::extract::FromRequest<_>>::from_request(request, &()).await;
    let form = form.map_err(|_| bad("Send the file as multipart/form-data with the fields incident and file.").into_response())?;
    let row = receive(&caller.ctx, form).await.map_err(IntoResponse::into_response)?;
    Ok((StatusCode::CREATED, Json(described(&server, &row))).into_response())
}

/// Takes the whole form before it does anything: fields may come in any order.
async fn receive(ctx: &Ctx, mut form: Multipart) -> Result<attachment::Model, Problem> {
    let (mut incident, mut text, mut held, mut file) = (None, None, false, None);
    while let Some(mut field) = form.next_field().await.map_err(cut_off)? {
        match field.name().unwrap_or_default() {
            "incident" => incident = Some(words(&mut field).await?),
            "text" => text = Some(words(&mut field).await?),
            "held" => held = yes_or_no(&words(&mut field).await?)?,
            "file" if file.is_some() => return Err(bad("Send one file at a time: this form has two.")),
            "file" => {
                let name = field.file_name().unwrap_or("file").to_owned();
                let mut upload = Upload::begin(ctx).await?;
                while let Some(chunk) = field.chunk().await.map_err(cut_off)? {
                    upload.write(&chunk).await?;
                }
                file = Some((upload, name));
            }
            _ => {}
        }
    }
    let (upload, name) = file.ok_or_else(|| bad("The form has no field file."))?;
    let incident = incident.ok_or_else(|| bad("The form has no field incident."))?;
    let incident =
        IncidentId::parse(incident.trim()).ok_or_else(|| Error::invalid("incident", "incident must be an id that begins with inc_."))?;
    Ok(upload.finish(ctx, incident, &name, text.as_deref(), held).await?)
}

fn yes_or_no(text: &str) -> Result<bool, Problem> {
    match text.trim() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(bad("The field held must be true or false.")),
    }
}

async fn words(field: &mut Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(cut_off)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > FIELD_BYTES {
            return Err(bad("A text field of the form is too long."));
        }
    }
    String::from_utf8(bytes).map_err(|_| bad("A text field of the form is not UTF-8."))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn cut_off(error: MultipartError) -> Problem {
    let message = match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => format!("The file is larger than {} MiB.", domain::limits::FILE_BYTES / 1024 / 1024),
        _ => "The form is broken or was cut off.".into(),
    };
    Problem(error.status(), code::BAD_USER_INPUT, message)
}

fn bad(message: &str) -> Problem {
    Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, message.into())
}

fn described(server: &Server, row: &attachment::Model) -> Value {
    let url = format!("{}/files/{}", server.app.0.settings.public_url.trim_end_matches('/'), row.id);
    json!({
        "id": row.id.to_string(), "fileName": row.file_name, "contentType": row.content_type,
        "bytes": row.bytes, "sha256": row.sha256, "downloadUrl": url,
    })
}

/// Serves a download.
pub async fn download(State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let missing = || Problem::from(Error::NotFound("file"));
    let Path(id) = Path::<String>::from_request_parts(&mut parts, &()).await.map_err(|_| missing().into_response())?;
    let id = AttachmentId::parse(&id).ok_or_else(|| missing().into_response())?;
    let row = files::find(&caller.ctx, id).await.map_err(|error| Problem::from(error).into_response())?;
    let path = files::path(&server.app.0.domain.config.data_dir, &row.sha256);
    let file = tokio::fs::File::open(path).await.map_err(|error| {
        tracing::error!(%error, attachment.id = %row.id, "a stored file is missing");
        Problem::from(Error::internal(error)).into_response()
    })?;
    files::record_download(&caller.ctx, &row).await.map_err(|error| Problem::from(error).into_response())?;
    Ok(answer(&row, Body::from_stream(ReaderStream::new(file))))
}

fn answer(row: &attachment::Model, body: Body) -> Response {
    let inline = files::is_shown_inline(&row.content_type);
    let content_type = if row.content_type == "text/plain" { "text/plain; charset=utf-8" } else { &row.content_type };
    let disposition = format!("{}; filename*=UTF-8''{}", if inline { "inline" } else { "attachment" }, percent_encoded(&row.file_name));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, &disposition),
        (header::CONTENT_LENGTH, &row.bytes.to_string()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// RFC 5987: everything but letters, digits and a few marks as %XX.
fn percent_encoded(text: &str) -> String {
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if keep(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
