//! The catalogue as a file that can be imported again: `GET /sites.csv`.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::{Ctx, Result, catalogue};

use super::problem::Problem;
use super::server::Server;

pub async fn download(State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (parts, _) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let list = read(&caller.ctx).await.map_err(|error| Problem::from(error).into_response())?;
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"sites.csv\"")];
    Ok((headers, list).into_response())
}

async fn read(ctx: &Ctx) -> Result<Vec<u8>> {
    ctx.actor.require_unbound()?;
    catalogue::csv(ctx).await
}
