//! Heartbeats as people look at them. Nobody is shown a secret: only its hash is kept.

use std::collections::HashMap;

use entity::heartbeat::{self, Column};
use entity::{HeartbeatId, IncidentId, alert};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::alarm::SOURCE;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Slice, Window};
use crate::error::{Error, Result};
use crate::people::access::VISITING;
use crate::sql::{by_name, padded};

/// Fails for viewers, and for who came by the link of a page: what jobs say of themselves is for those who look after them.
pub(super) fn require_responder(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Respond)?;
    if ctx.actor.only().is_some() { Err(Error::Forbidden(VISITING.to_owned())) } else { Ok(()) }
}

/// A page of all heartbeats, by name.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn page(ctx: &Ctx, window: &Window<NameKey>) -> Result<Slice<heartbeat::Model>> {
    require_responder(ctx)?;
    let rows = by_name(heartbeat::Entity::find(), Column::Name, Column::Id, window).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// The heartbeats among `ids` that exist.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn by_ids(ctx: &Ctx, ids: &[HeartbeatId]) -> Result<Vec<heartbeat::Model>> {
    require_responder(ctx)?;
    Ok(heartbeat::Entity::find().filter(Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}

/// The incident that each of these heartbeats' alarms belongs to, the latest, while it is an alarm. Whether the caller may see that is for
/// whoever shows it.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn incidents(ctx: &Ctx, ids: &[HeartbeatId]) -> Result<HashMap<HeartbeatId, IncidentId>> {
    let rows = by_ids(ctx, ids).await?;
    let names: Vec<&str> = rows.iter().filter(|row| row.alarm_since.is_some()).map(|row| row.name.as_str()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let alarms = alert::Entity::find()
        .filter(alert::Column::Source.eq(SOURCE))
        .filter(alert::Column::Fingerprint.is_in(padded(&names)))
        .filter(alert::Column::Firing.eq(true))
        .order_by_asc(alert::Column::Id);
    let alarms = alarms.all(ctx.db.read()).await?;
    let of_name: HashMap<String, IncidentId> = alarms.into_iter().filter_map(|row| Some((row.fingerprint, row.incident_id?))).collect();
    Ok(rows.iter().filter_map(|row| Some((row.id, *of_name.get(&row.name)?))).collect())
}

/// The heartbeat `id`.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub(super) async fn find(ctx: &Ctx, id: HeartbeatId) -> Result<heartbeat::Model> {
    by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("heartbeat"))
}
