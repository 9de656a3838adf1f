//! Insights as CSV: `GET /insights/figures.csv`, `incidents.csv`, `follow-ups.csv`, `woken.csv` or `pages.csv`, with `from` and `to`, and
//! optionally `severity`, `site` and `client`; for `pages.csv` `person`, whose ledger it is.

use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::insights::facts::Filter;
use domain::insights::files::{self, Asked, File};
use domain::{Ctx, Error, Result};
use entity::{ClientId, PersonId, Severity, SiteId};
use serde::Deserialize;

use super::problem::Problem;
use super::server::Server;

/// What is asked for.
#[derive(Deserialize)]
struct Wanted {
    from: Option<String>,
    to: Option<String>,
    severity: Option<String>,
    site: Option<String>,
    client: Option<String>,
    person: Option<String>,
}

impl Wanted {
    fn read(&self) -> Result<Asked> {
        let day = |field, text: &Option<String>| {
            let day = text.as_deref().and_then(|text| text.parse().ok());
            day.ok_or_else(|| Error::invalid(field, format!("{field} must be a day such as 2026-12-24.")))
        };
        let severity = self.severity.as_deref().map(|text| text.split(',').map(severity).collect()).transpose()?;
        let site_id = self.site.as_deref().map(|id| SiteId::parse(id).ok_or(Error::NotFound("site"))).transpose()?;
        let client_id = self.client.as_deref().map(|id| ClientId::parse(id).ok_or(Error::NotFound("client"))).transpose()?;
        let person = self.person.as_deref().map(|id| PersonId::parse(id).ok_or(Error::NotFound("person"))).transpose()?;
        Ok(Asked { from: day("from", &self.from)?, to: day("to", &self.to)?, filter: Filter { severity, site_id, client_id }, person })
    }
}

fn severity(text: &str) -> Result<Severity> {
    let known = Severity::ALL.iter().copied().find(|known| known.as_str() == text);
    known
        .ok_or_else(|| Error::invalid("severity", "severity is CRITICAL, MAJOR, MINOR or TRIVIAL, or several of them with commas between."))
}

/// Serves a download.
pub async fn download(file: File, State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let Query(wanted) = Query::<Wanted>::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let (name, list) = read(&caller.ctx, file, &wanted).await.map_err(|error| Problem::from(error).into_response())?;
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, &*disposition)];
    Ok((headers, list).into_response())
}

async fn read(ctx: &Ctx, file: File, wanted: &Wanted) -> Result<(String, Vec<u8>)> {
    ctx.actor.require_unbound()?;
    let asked = wanted.read()?;
    let list = files::write(ctx, file, &asked).await?;
    Ok((format!("{}-{}-{}.csv", file.name(), asked.from, asked.to), list))
}
