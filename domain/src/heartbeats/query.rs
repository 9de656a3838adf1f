//! Heartbeats as people look at them. Nobody is shown a secret: only its hash is kept.

use entity::HeartbeatId;
use entity::heartbeat::{self, Column};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

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

/// The heartbeat `id`.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub(super) async fn find(ctx: &Ctx, id: HeartbeatId) -> Result<heartbeat::Model> {
    by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("heartbeat"))
}
