//! The addresses of an incident's affected clients as a file: `GET /incidents/INC-42/addresses.csv`. For responders.

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::clients::addresses;
use domain::{Ctx, Result, incident};

use super::problem::Problem;
use super::server::Server;

pub async fn download(State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let Path(reference) = Path::<String>::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let (reference, list) = read(&caller.ctx, &reference).await.map_err(|error| Problem::from(error).into_response())?;
    let disposition = format!("attachment; filename=\"{reference}-addresses.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, &*disposition)];
    Ok((headers, list).into_response())
}

async fn read(ctx: &Ctx, reference: &str) -> Result<(String, Vec<u8>)> {
    let incident = incident::by_number(ctx, incident::parse_reference(reference)?).await?;
    let list = addresses::csv(ctx, &incident).await?;
    Ok((incident::reference(&incident), list))
}
