//! Finding follow-ups.

use entity::{FollowUpId, IncidentId, follow_up};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql;

/// The follow-up `id`.
///
/// # Errors
/// `NOT_FOUND`, also for follow-ups of incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: FollowUpId) -> Result<follow_up::Model> {
    sql::find_seen::<follow_up::Entity>(ctx, id).await
}

/// The follow-ups among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[FollowUpId]) -> Result<Vec<follow_up::Model>> {
    sql::seen_by_ids::<follow_up::Entity>(ctx, ids).await
}

/// The follow-ups of incidents that the caller has seen, in any state, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<follow_up::Model>> {
    sql::of_incidents::<follow_up::Entity>(ctx, incidents).await
}
