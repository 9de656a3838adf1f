//! What readers say about a report (R27).

use entity::{CommentKind, ReportCommentId, ReportId, report_comment};
use sea_orm::IntoActiveModel;
use serde::Serialize;

use super::desk::Desk;
use super::query::find;
use super::sections::no_such_section;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::idempotency::{Key, once};
use crate::record::Light;
use crate::{sql, validate};

/// Input of [`comment`].
#[derive(Clone, Debug, Serialize)]
pub struct Comment {
    /// The report.
    pub report_id: ReportId,
    /// The section, by its key.
    pub section_key: String,
    /// The passage that it is about, as it stands in the section.
    pub quote: Option<String>,
    /// What it asks for.
    pub kind: CommentKind,
    /// Markdown.
    pub body: String,
}

/// Says something about a section. Repeating the key returns the first comment.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FORBIDDEN` for a viewer who was not asked to read it; `FAILED_PRECONDITION` once it is final.
pub async fn comment(ctx: &Ctx, input: Comment, key: Option<&str>) -> Result<report_comment::Model> {
    let report = find(ctx, input.report_id).await?;
    let body = validate::text("body", &input.body)?;
    let quote = validate::optional_text("quote", input.quote.as_deref())?;
    if !ctx.playbook().report.iter().any(|section| section.key == input.section_key) {
        return Err(no_such_section(ctx));
    }
    let key = Key::of(ctx, "commentOnReport", key, &input)?;
    let work = async {
        let changed = change::<Desk<Light>, _>(ctx, report.incident_id, Right::Read, None, |desk, draft| {
            desk.require_reader(ctx)?;
            let report = desk.open_report()?;
            let row = report_comment::Model {
                id: ReportCommentId(draft.id()),
                report_id: report.id,
                incident_id: report.incident_id,
                section_key: input.section_key.clone(),
                quote: quote.clone(),
                kind: input.kind,
                body: body.clone(),
                author_id: draft.actor(),
                created_at: draft.now,
                resolved_at: None,
                resolved_by_id: None,
                resolution: None,
            };
            draft.insert(row.clone().into_active_model());
            if let Some(key) = &key {
                key.keep(draft, row.id.0);
            }
            Ok(row)
        });
        Ok(changed.await?.output)
    };
    once(ctx, key.as_ref(), Box::pin(work), |first| sql::find_seen::<report_comment::Entity>(ctx, ReportCommentId(first))).await
}

/// Says what came of a comment, or opens it again with `None`.
///
/// # Errors
/// `BAD_USER_INPUT`, `NOT_FOUND`; `FORBIDDEN` for a viewer who was not asked to read the report.
pub async fn resolve_comment(ctx: &Ctx, id: ReportCommentId, resolution: Option<&str>) -> Result<report_comment::Model> {
    let before = sql::find_seen::<report_comment::Entity>(ctx, id).await?;
    let resolution = validate::optional_text("resolution", resolution)?;
    let changed = change::<Desk<Light>, _>(ctx, before.incident_id, Right::Read, None, |desk, draft| {
        desk.require_reader(ctx)?;
        desk.report()?;
        let (at, by) = if resolution.is_some() { (Some(draft.now), draft.actor()) } else { (None, None) };
        let row = report_comment::Model { resolved_at: at, resolved_by_id: by, resolution: resolution.clone(), ..before.clone() };
        draft.upsert(row.clone().into_active_model());
        Ok(row)
    });
    Ok(changed.await?.output)
}
