//! When the playbook must next be looked at for each incident, set again for all after a change of the playbook or of the clock.

use entity::incident::{self, Column};
use entity::{IncidentId, Timestamp};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::playbook::steps::next_look;
use crate::record::Whole;

/// Incidents that are rescheduled in one go after a change of the playbook.
const RESCHEDULED_AT_ONCE: u64 = 200;

/// Recomputes when the next reminder is due for each incident that is not over. Called when a worker starts, when the playbook
/// has changed and when the clock was put forward or back. Returns how many incidents moved; after a failure, those already moved stay moved.
pub async fn reschedule(ctx: &Ctx) -> Result<u64> {
    ctx.require(Right::Administer)?;
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let over = [entity::IncidentStatus::Declined, entity::IncidentStatus::Merged].map(|status| status.to_value());
    // A few of the closed ones still have follow-ups with a due date.
    let may_ask = Column::Status.ne(entity::IncidentStatus::Closed).or(Column::NextDueAt.is_not_null());
    let mut moved = 0;
    let mut after: Option<IncidentId> = None;
    loop {
        let mut select = incident::Entity::find().filter(Column::Status.is_not_in(over.clone()).and(may_ask.clone()));
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after));
        }
        let rows = select.order_by_asc(Column::Id).limit(RESCHEDULED_AT_ONCE).all(ctx.db.read()).await?;
        let Some(last) = rows.last() else { return Ok(moved) };
        after = Some(last.id);
        for whole in Whole::load_many(ctx, rows).await? {
            let next = if whole.is_ahead(now) { Some(now) } else { next_look(&whole.case(), &playbook, now) };
            if next != whole.incident.next_due_at {
                moved += move_next_look(ctx, &whole.incident, next).await?;
            }
        }
    }
}

/// Only if the version is unchanged: anyone who changes the incident in the meantime sets it themselves.
async fn move_next_look(ctx: &Ctx, incident: &incident::Model, next: Option<Timestamp>) -> Result<u64> {
    let moved = incident::Entity::update_many()
        .set(incident::ActiveModel { next_due_at: Set(next), ..Default::default() })
        .filter(Column::Id.eq(incident.id))
        .filter(Column::Version.eq(incident.version))
        .exec(ctx.db.write())
        .await?;
    Ok(moved.rows_affected)
}
