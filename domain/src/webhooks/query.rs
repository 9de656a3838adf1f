//! Endpoints and what was posted to them, for administrators.

use std::collections::HashMap;

use entity::webhook_message::Column;
use entity::{WebhookEndpointId, WebhookMessageId, WebhookMessageState, webhook_endpoint, webhook_message};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};

use super::event_type::EventType;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{Slice, Window};
use crate::error::{Error, Result};
use crate::sql::padded;

/// The hosts that endpoints may be at; none without the settings for it.
///
/// # Errors
/// `FORBIDDEN`.
pub fn hosts(ctx: &Ctx) -> Result<Vec<String>> {
    ctx.require(Right::Administer)?;
    Ok(ctx.config.webhooks.iter().flat_map(|rules| rules.hosts.names()).collect())
}

/// The types of events that endpoints can choose.
///
/// # Errors
/// `FORBIDDEN`.
pub fn event_types(ctx: &Ctx) -> Result<impl Iterator<Item = EventType> + use<>> {
    ctx.require(Right::Administer)?;
    Ok(EventType::ALL.iter().copied().filter(|of| *of != EventType::Test))
}

/// All endpoints, in the order in which they were added.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn endpoints(ctx: &Ctx) -> Result<Vec<webhook_endpoint::Model>> {
    ctx.require(Right::Administer)?;
    Ok(webhook_endpoint::Entity::find().order_by_asc(webhook_endpoint::Column::Id).all(ctx.db.read()).await?)
}

/// The endpoint `id`.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn find(ctx: &Ctx, id: WebhookEndpointId) -> Result<webhook_endpoint::Model> {
    endpoints_by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("endpoint"))
}

/// The endpoints among `ids` that exist.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn endpoints_by_ids(ctx: &Ctx, ids: &[WebhookEndpointId]) -> Result<Vec<webhook_endpoint::Model>> {
    ctx.require(Right::Administer)?;
    let these = webhook_endpoint::Column::Id.is_in(padded(ids));
    Ok(webhook_endpoint::Entity::find().filter(these).all(ctx.db.read()).await?)
}

/// The messages among `ids` that exist and whose endpoint does.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn messages_by_ids(ctx: &Ctx, ids: &[WebhookMessageId]) -> Result<Vec<webhook_message::Model>> {
    ctx.require(Right::Administer)?;
    let there = Query::select().column(webhook_endpoint::Column::Id).from(webhook_endpoint::Entity).to_owned();
    let select = webhook_message::Entity::find().filter(Column::Id.is_in(padded(ids))).filter(Column::EndpointId.in_subquery(there));
    Ok(select.all(ctx.db.read()).await?)
}

/// A page of what was posted to `endpoint` or waits for it, newest first; only what is in `state`, if that is given.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn messages(
    ctx: &Ctx,
    endpoint: WebhookEndpointId,
    state: Option<WebhookMessageState>,
    window: &Window<WebhookMessageId>,
) -> Result<Slice<webhook_message::Model>> {
    ctx.require(Right::Administer)?;
    let mut select = webhook_message::Entity::find().filter(Column::EndpointId.eq(endpoint));
    if let Some(state) = state {
        select = select.filter(Column::State.eq(state));
    }
    if let Some(after) = window.after {
        select = select.filter(Column::Id.lt(after));
    }
    if let Some(before) = window.before {
        select = select.filter(Column::Id.gt(before));
    }
    let direction = if window.backwards { Order::Asc } else { Order::Desc };
    let rows = select.order_by(Column::Id, direction).limit(window.rows()).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// How many messages of an endpoint wait, and how many it did not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// To be posted, being posted, or to be tried again.
    pub waiting: i64,
    /// Given up, and kept so that they can be replayed.
    pub failed: i64,
}

/// The counts of these endpoints; an endpoint without any is left out.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn counts(ctx: &Ctx, endpoints: &[WebhookEndpointId]) -> Result<HashMap<WebhookEndpointId, Counts>> {
    use WebhookMessageState::{Cancelled, Delivered, Failed, Queued, Retrying, Sending};
    ctx.require(Right::Administer)?;
    let counted = webhook_message::Entity::find()
        .select_only()
        .columns([Column::EndpointId, Column::State])
        .column_as(Column::Id.count(), "n")
        .filter(Column::EndpointId.is_in(padded(endpoints)))
        .filter(Column::State.is_in([Queued, Sending, Retrying, Failed]))
        .group_by(Column::EndpointId)
        .group_by(Column::State);
    let counted: Vec<(WebhookEndpointId, WebhookMessageState, i64)> = counted.into_tuple().all(ctx.db.read()).await?;
    let mut all: HashMap<WebhookEndpointId, Counts> = HashMap::new();
    for (endpoint, state, count) in counted {
        let counts = all.entry(endpoint).or_default();
        match state {
            Queued | Sending | Retrying => counts.waiting += count,
            Failed => counts.failed += count,
            Delivered | Cancelled => {}
        }
    }
    Ok(all)
}
