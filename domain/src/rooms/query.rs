//! Where the channels of incidents are.

use entity::chat_channel::{self, Column};
use entity::{IncidentId, incident};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::order::is_exposed;
use crate::authz::visible;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql;

/// The incident whose channel this is, if the caller may see it.
pub async fn at(ctx: &Ctx, channel: &str) -> Result<Option<incident::Model>> {
    let Some(row) = row_at(ctx, channel).await? else { return Ok(None) };
    Ok(visible(&ctx.actor).filter(incident::Column::Id.eq(row.incident_id)).one(ctx.db.read()).await?)
}

/// The channel of an incident, where what concerns it is said to everybody; none if more people read it than may know.
pub(super) async fn channel_of(ctx: &Ctx, incident: &incident::Model) -> Result<Option<String>> {
    let row = row_of(ctx, incident.id).await?;
    Ok(row.filter(|row| !is_exposed(incident, row)).and_then(|row| row.channel))
}

/// What the chat has of an incident.
pub(super) async fn row_of(ctx: &Ctx, incident: IncidentId) -> Result<Option<chat_channel::Model>> {
    Ok(chat_channel::Entity::find_by_id(incident).one(ctx.db.read()).await?)
}

/// What it has of the incident whose channel this is.
pub(super) async fn row_at(ctx: &Ctx, channel: &str) -> Result<Option<chat_channel::Model>> {
    Ok(chat_channel::Entity::find().filter(Column::Channel.eq(channel)).one(ctx.db.read()).await?)
}

/// What the chat has of incidents that the caller is known to see.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<chat_channel::Model>> {
    sql::of_incidents::<chat_channel::Entity>(ctx, incidents).await
}
