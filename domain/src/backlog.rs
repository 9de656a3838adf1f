//! What waits and what fails, in numbers: for gauges that tell somebody outside when Muster does not keep up. Every statement is answered
//! from an index over what is not over, so that it may be asked every few seconds.

use std::time::Duration;

use entity::{DeliveryState, System, Timestamp, delivery, heartbeat, held_system, incident, webhook_message};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;

/// The states of deliveries that are not over.
const OPEN: [DeliveryState; 5] =
    [DeliveryState::Queued, DeliveryState::Sending, DeliveryState::Retrying, DeliveryState::ByHand, DeliveryState::Failed];

/// What waits now. Times are zero where nothing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many deliveries are in each state that is not the end.
    pub deliveries: Vec<(DeliveryState, i64)>,
    /// How long the delivery that has been due longest has been due.
    pub oldest_due: Duration,
    /// How old the oldest delivery is that was never tried.
    pub oldest_queued: Duration,
    /// Incidents about which people are to be told something now.
    pub reminders: i64,
    /// How long the longest waiting of these has been waiting.
    pub oldest_reminder: Duration,
    /// Events that wait to be posted to endpoints, or to be tried again.
    pub webhook_messages: i64,
    /// Heartbeats that are silent or failed, and for how long the longest waiting has been due to be looked at.
    pub heartbeats: (i64, Duration),
    /// The systems to which nothing is sent.
    pub held: Vec<System>,
}

/// Counts what waits.
pub async fn look(ctx: &Ctx) -> Result<Backlog> {
    ctx.require(Right::Administer)?;
    let (now, db) = (ctx.now(), ctx.db.read());
    let age = |since: Option<Timestamp>| since.and_then(|since| (now - since).to_std().ok()).unwrap_or_default();
    let counted: Vec<(DeliveryState, i64)> = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::State)
        .column_as(delivery::Column::Id.count(), "n")
        .filter(delivery::Column::State.is_in(OPEN))
        .group_by(delivery::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let count = |state| counted.iter().find(|(counted, _)| *counted == state).map_or(0, |(_, n)| *n);
    let due: Option<Timestamp> = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::NextAttemptAt)
        .filter(delivery::Column::NextAttemptAt.is_not_null())
        .order_by_asc(delivery::Column::NextAttemptAt)
        .into_tuple()
        .one(db)
        .await?;
    // Ids begin with the time at which they were made.
    let queued: Option<Timestamp> = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::CreatedAt)
        .filter(delivery::Column::State.eq(DeliveryState::Queued))
        .order_by_asc(delivery::Column::Id)
        .into_tuple()
        .one(db)
        .await?;
    let waiting = incident::Column::NextDueAt.is_not_null().and(incident::Column::NextDueAt.lte(now));
    let reminders: Option<(i64, Option<Timestamp>)> = incident::Entity::find()
        .select_only()
        .column_as(incident::Column::Id.count(), "n")
        .column_as(incident::Column::NextDueAt.min(), "since")
        .filter(waiting)
        .into_tuple()
        .one(db)
        .await?;
    let (reminders, oldest_reminder) = reminders.unwrap_or_default();
    let posted = webhook_message::Entity::find().select_only().column_as(webhook_message::Column::Id.count(), "n");
    let posted = posted.filter(webhook_message::Column::NextAttemptAt.is_not_null()).into_tuple().one(db).await?;
    let heartbeats: Option<(i64, Option<Timestamp>)> = heartbeat::Entity::find()
        .select_only()
        .column_as(heartbeat::Column::AlarmSince.count(), "n")
        .column_as(heartbeat::Column::NextDueAt.min(), "due")
        .into_tuple()
        .one(db)
        .await?;
    let (silent, next_due) = heartbeats.unwrap_or_default();
    let held = held_system::Entity::find().select_only().column(held_system::Column::System).into_tuple().all(db).await?;
    Ok(Backlog {
        deliveries: OPEN.map(|state| (state, count(state))).to_vec(),
        oldest_due: age(due),
        oldest_queued: age(queued),
        reminders,
        oldest_reminder: age(oldest_reminder),
        webhook_messages: posted.unwrap_or_default(),
        heartbeats: (silent, age(next_due)),
        held,
    })
}
