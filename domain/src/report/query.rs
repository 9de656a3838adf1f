//! Reading reports.

use entity::{IncidentId, ReportCommentId, ReportId, report, report_comment, report_reader, report_revision};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;
use crate::sql::{self, padded};

/// The report `id`.
///
/// # Errors
/// `NOT_FOUND`, also in incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: ReportId) -> Result<report::Model> {
    sql::find_seen::<report::Entity>(ctx, id).await
}

/// The reports among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[ReportId]) -> Result<Vec<report::Model>> {
    sql::seen_by_ids::<report::Entity>(ctx, ids).await
}

/// The reports of incidents that the caller has seen.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<report::Model>> {
    sql::of_incidents::<report::Entity>(ctx, incidents).await
}

/// The comments among `ids` that exist and that the caller may see.
pub async fn comments_by_ids(ctx: &Ctx, ids: &[ReportCommentId]) -> Result<Vec<report_comment::Model>> {
    sql::seen_by_ids::<report_comment::Entity>(ctx, ids).await
}

/// What was said about reports that the caller has seen, oldest first.
pub async fn comments_of(ctx: &Ctx, reports: &[ReportId]) -> Result<Vec<report_comment::Model>> {
    let select = report_comment::Entity::find().filter(report_comment::Column::ReportId.is_in(padded(reports)));
    Ok(select.order_by_asc(report_comment::Column::Id).all(ctx.db.read()).await?)
}

/// Who was asked to read reports that the caller has seen.
pub async fn readers_of(ctx: &Ctx, reports: &[ReportId]) -> Result<Vec<report_reader::Model>> {
    let select = report_reader::Entity::find().filter(report_reader::Column::ReportId.is_in(padded(reports)));
    Ok(select.order_by_asc(report_reader::Column::AskedAt).order_by_asc(report_reader::Column::PersonId).all(ctx.db.read()).await?)
}

/// The latest revisions of a section of a report that the caller has seen, newest first.
pub async fn revisions(ctx: &Ctx, report: ReportId, key: &str) -> Result<Vec<report_revision::Model>> {
    let select = report_revision::Entity::find()
        .filter(report_revision::Column::ReportId.eq(report))
        .filter(report_revision::Column::Key.eq(key))
        .order_by_desc(report_revision::Column::Version)
        .limit(limits::REVISIONS);
    Ok(select.all(ctx.db.read()).await?)
}
