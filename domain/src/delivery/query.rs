//! Deliveries, for people who want to know what happened to them.

use entity::{DeliveryId, DeliveryState, IncidentId, Operation, delivery, person};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::authz::{Right, visible_through};
use crate::ctx::Ctx;
use crate::cursor::{Slice, Window};
use crate::error::{Error, Result};
use crate::ports::Effect;
use crate::sql;

/// Which deliveries to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only in this state.
    pub state: Option<DeliveryState>,
}

/// The deliveries that the caller may know about: those of incidents they see and, for administrators, those of no incident.
fn visible(ctx: &Ctx) -> Select<delivery::Entity> {
    let mut select = delivery::Entity::find();
    if let Some(seen) = visible_through(&ctx.actor, delivery::Column::IncidentId) {
        select = select.filter(seen);
    }
    if !ctx.actor.may(Right::Administer) {
        select = select.filter(delivery::Column::IncidentId.is_not_null());
    }
    select
}

/// The delivery `id`.
///
/// # Errors
/// `FORBIDDEN` for viewers; `NOT_FOUND`, including for deliveries of incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: DeliveryId) -> Result<delivery::Model> {
    by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("delivery"))
}

/// The deliveries among `ids` that exist and that the caller may see.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn by_ids(ctx: &Ctx, ids: &[DeliveryId]) -> Result<Vec<delivery::Model>> {
    ctx.require(Right::Respond)?;
    Ok(visible(ctx).filter(delivery::Column::Id.is_in(sql::padded(ids))).all(ctx.db.read()).await?)
}

/// A page of deliveries, newest first.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn page(ctx: &Ctx, filter: DeliveryFilter, window: &Window<DeliveryId>) -> Result<Slice<delivery::Model>> {
    ctx.require(Right::Respond)?;
    let mut select = visible(ctx);
    if let Some(state) = filter.state {
        select = select.filter(delivery::Column::State.eq(state));
    }
    if let Some(after) = window.after {
        select = select.filter(delivery::Column::Id.lt(after));
    }
    if let Some(before) = window.before {
        select = select.filter(delivery::Column::Id.gt(before));
    }
    let direction = if window.backwards { sea_orm::Order::Asc } else { sea_orm::Order::Desc };
    let rows = select.order_by(delivery::Column::Id, direction).limit(window.rows()).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// Deliveries of incidents that the caller is known to see, oldest first.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<delivery::Model>> {
    ctx.require(Right::Respond)?;
    rows_of_incidents(ctx, incidents).await
}

/// As [`of_incidents`], for deriving facts that viewers may see.
pub(crate) async fn rows_of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<delivery::Model>> {
    sql::of_incidents::<delivery::Entity>(ctx, incidents).await
}

/// What a person has to do instead, with the text to copy, and the number of `person`, who receives it; `None` if nobody has to.
pub fn instructions(row: &delivery::Model, person: Option<&person::Model>) -> Option<String> {
    if !matches!(row.state, DeliveryState::ByHand | DeliveryState::Failed) {
        return None;
    }
    let instructions = Effect::of(row).ok()?.outgoing().instructions();
    let is_urgent = matches!(row.operation, Operation::Page | Operation::Offer);
    Some(match person.filter(|_| is_urgent).and_then(|person| Some((&person.name, person.phone.as_ref()?))) {
        Some((name, phone)) => format!("Phone {name}: {phone}\n\n{instructions}"),
        None => instructions,
    })
}
