//! A version of an incident's report as a file: `GET /incidents/INC-42/report.pdf`, `.docx`, `.html` or `.md`, with `version` (FULL, if it is
//! left out) and for CLIENT whose, `client`.

use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use document::Form;
use document::typesetter::Error as Typesetting;
use domain::error::code;
use domain::report::{Audience, Handout};
use domain::{Ctx, Error, Result, incident, report};
use entity::{ClientId, ReportVersion};
use serde::Deserialize;

use super::problem::Problem;
use super::server::Server;

/// What is asked for.
#[derive(Deserialize)]
struct Wanted {
    version: Option<String>,
    client: Option<String>,
}

impl Wanted {
    fn audience(&self) -> Result<Audience> {
        let client = self.client.as_deref().map(|id| ClientId::parse(id).ok_or(Error::NotFound("client"))).transpose()?;
        let named = self.version.as_deref().unwrap_or(ReportVersion::Full.as_str());
        let version = ReportVersion::ALL.iter().copied().find(|version| version.as_str() == named);
        let version = version.ok_or_else(|| Error::invalid("version", "version is FULL, ABRIDGED or CLIENT."))?;
        Audience::of(version, client, "client")
    }
}

/// Serves a download.
pub async fn download(form: Form, State(server): State<Server>, request: Request) -> Result<Response, Response> {
    let (mut parts, _) = request.into_parts();
    let caller = server.transport.authenticate(&parts).await.map_err(IntoResponse::into_response)?;
    let Path(reference) = Path::<String>::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let Query(wanted) = Query::<Wanted>::from_request_parts(&mut parts, &()).await.map_err(IntoResponse::into_response)?;
    let Handout { name, text, document, .. } =
        hand_out(&caller.ctx, &reference, &wanted).await.map_err(|error| Problem::from(error).into_response())?;
    let bytes = server.app.0.settings.press.write(form, &text, document).await.map_err(|error| problem(&error).into_response())?;
    let disposition = format!("attachment; filename=\"{name}.{}\"", form.extension());
    let headers = [
        (header::CONTENT_TYPE, form.media_type()),
        (header::CONTENT_DISPOSITION, &*disposition),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"),
    ];
    Ok((headers, bytes).into_response())
}

async fn hand_out(ctx: &Ctx, reference: &str, wanted: &Wanted) -> Result<Handout> {
    ctx.actor.require_unbound()?;
    let audience = wanted.audience()?;
    let incident = incident::by_number(ctx, incident::parse_reference(reference)?).await?;
    let report = report::of_incidents(ctx, &[incident.id]).await?.pop().ok_or(Error::NotFound("report"))?;
    report::hand_out(ctx, &report, audience).await
}

/// Why there is no PDF. Paths and what the program said are for the log.
fn problem(error: &Typesetting) -> Problem {
    tracing::error!(%error, "a report could not be typeset");
    let reason = match error {
        Typesetting::Missing(_) => {
            "This server has no typeset, which makes PDFs: its administrator finds in docs/install.md how to add it."
        }
        Typesetting::TooSlow(_) => "Typesetting the PDF took too long and was stopped.",
        _ => "The PDF could not be typeset; the server's log says why.",
    };
    Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, format!("{reason} HTML, DOCX and Markdown can be had."))
}
