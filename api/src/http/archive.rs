//! All that is kept of an incident as one file: `GET /incidents/INC-42/archive.zip`. For administrators.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use document::Press;
use domain::{Ctx, Error, Result, archive, files, incident};
use tokio::io::AsyncSeekExt;
use tokio_util::io::ReaderStream;

use super::problem::Problem;
use super::server::Server;

/// Serves a download. It is whole before the first byte leaves, because an incident that changes meanwhile is read again.
pub async fn download(State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let Path(reference) = Path::<String>::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let written = Box::pin(write(&caller.ctx, &reference, &server.app.0.settings.press)).await;
    let (reference, file, bytes) = written.map_err(|error| Problem::from(error).into_response())?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{reference}.zip\"")),
        (header::CONTENT_LENGTH, bytes.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

/// Returns the reference, the archive and its length.
async fn write(ctx: &Ctx, reference: &str, press: &Press) -> Result<(String, tokio::fs::File, u64)> {
    let incident = incident::by_number(ctx, incident::parse_reference(reference)?).await?;
    let file = files::unnamed(ctx)?;
    let exported = archive::export(ctx, incident.id, press, &file).await?;
    let mut file = tokio::fs::File::from_std(file);
    let bytes = file.seek(std::io::SeekFrom::End(0)).await.map_err(Error::internal)?;
    file.rewind().await.map_err(Error::internal)?;
    Ok((incident::reference(&exported.incident), file, bytes))
}
