//! What a quiet window kept from people: remembered beside the alert's row until the window is over.
//!
//! It has what the row does not say, so that the alert can be heard again as its source told of it ([`super::again`]).

use entity::AlertId;
use entity::quieted_alert::{self, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;

use super::known::Seen;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;

/// Remembers those of `alerts` that fire and of which people would hear if it were not for a window. Comes after their rows: what is cut off
/// in between is told again by its source.
pub(super) async fn remember(ctx: &Ctx, alerts: &[&Seen<'_>]) -> Result<()> {
    let rows: Vec<quieted_alert::ActiveModel> =
        alerts.iter().filter_map(|seen| withheld(seen)).map(IntoActiveModel::into_active_model).collect();
    let latest = OnConflict::column(Column::AlertId)
        .update_columns([Column::WindowId, Column::LookAt, Column::Severity, Column::Description, Column::Links])
        .to_owned();
    // An alert may have thousands of episodes in one call.
    for rows in rows.chunks(limits::ALERT_ROWS_AT_ONCE) {
        Entity::insert_many(rows.to_vec()).on_conflict(latest.clone()).exec_without_returning(ctx.db.write()).await?;
    }
    Ok(())
}

/// What is remembered of an alert, if a window keeps it from people.
pub(super) async fn of(ctx: &Ctx, alert: AlertId) -> Result<Option<quieted_alert::Model>> {
    Ok(Entity::find_by_id(alert).one(ctx.db.read()).await?)
}

fn withheld(seen: &Seen<'_>) -> Option<quieted_alert::Model> {
    let window = seen.judgement.quiet?;
    let verdict = seen.judgement.verdict;
    let is_withheld = seen.row.firing && verdict.then.is_heard() && verdict.severity.is_some();
    is_withheld.then(|| quieted_alert::Model {
        alert_id: seen.row.id,
        window_id: window.row.id,
        look_at: window.row.ends_at,
        severity: seen.judgement.told,
        description: seen.alarm.description.clone(),
        links: json!(seen.alarm.links),
    })
}
