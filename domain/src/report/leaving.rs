//! Whether what was published may still go out.

use entity::{ReportState, Visibility, delivery, report_publication};
use sea_orm::EntityTrait;

use super::approval::Clearance;
use super::rendered::Audience;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::record::Facts;

/// Whether the publication that a delivery carries may still go out: the report may have been taken back or changed while it waited, or the
/// incident merged, or the client be affected no more.
pub(crate) async fn may_leave(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    let found = report_publication::Entity::find_by_id(row.id).one(ctx.db.read()).await?;
    let Some(publication) = found else { return Ok(false) };
    let incident = crate::incident::find(ctx, publication.incident_id).await?;
    let facts = Clearance::load(ctx, incident).await?;
    let Ok((report, manuscript)) = facts.report() else { return Ok(false) };
    let audience = publication.client_id.map_or(Audience::Company, Audience::Client);
    let rendered = manuscript.render(audience);
    let is_allowed = match publication.client_id {
        Some(client) => facts.client(client).is_ok() && facts.cleared(&rendered, client).is_ok(),
        None => facts.scope().incident.visibility == Visibility::Open,
    };
    Ok(report.state == ReportState::Final && is_allowed && rendered.sha256() == publication.sha256)
}
