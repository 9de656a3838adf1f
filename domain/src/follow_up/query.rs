//! Finding follow-ups.

use entity::{FollowUpId, IncidentId, follow_up};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::authz::visible_through;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::paging::padded;

/// The follow-up `id`.
///
/// # Errors
/// `NOT_FOUND`, also for follow-ups of incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: FollowUpId) -> Result<follow_up::Model> {
    let mut select = follow_up::Entity::find_by_id(id);
    if let Some(seen) = visible_through(&ctx.actor, follow_up::Column::IncidentId) {
        select = select.filter(seen);
    }
    select.one(ctx.db.read()).await?.ok_or(Error::NotFound("follow-up"))
}

/// The follow-ups of incidents that the caller has seen, in any state, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<follow_up::Model>> {
    let select = follow_up::Entity::find().filter(follow_up::Column::IncidentId.is_in(padded(incidents)));
    Ok(select.order_by_asc(follow_up::Column::Id).all(ctx.db.read()).await?)
}
