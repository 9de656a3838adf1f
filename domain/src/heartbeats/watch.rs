//! The clockwork that finds silent heartbeats. Every worker looks each second; a heartbeat that is due is taken by one of them.
//!
//! What happens if a worker dies *here*: a row that was taken is due again after [`TAKEN`]. That an alarm is about to be raised is written
//! before alerts are told, and that it is over only after they were, so whoever looks next tells them again, which they bear
//! ([`super::alarm`]). A beat in between makes the row due at once.

use chrono::Duration;
use entity::Timestamp;
use entity::heartbeat::{self, ActiveModel, Column};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};

use super::alarm::{News, description, tell, title};
use super::due::{self, Step};
use super::{listening, sources};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Heartbeats that are taken at once.
const AT_ONCE: u64 = 48;

/// What was taken and not handled within this time is due again: its worker died.
const TAKEN: Duration = Duration::seconds(30);

/// Looks for heartbeats that fell silent, failed or came back, and tells alerts of them. Returns whether there may be more.
pub async fn look(ctx: &Ctx) -> Result<bool> {
    ctx.require(Right::Administer)?;
    if let Some(up_since) = listening::note(ctx).await? {
        sources::look(ctx, up_since).await?;
    }
    let taken = take_due(ctx).await?;
    let is_full = taken.len() as u64 == AT_ONCE;
    for row in taken {
        match Box::pin(handle(ctx, &row)).await {
            Err(error @ Error::Unavailable(_)) => return Err(error),
            Err(error) => error.log(&format!("could not tell what became of the heartbeat {}; it is due again", row.name)),
            Ok(()) => {}
        }
    }
    Ok(is_full)
}

fn is_due(now: Timestamp) -> Expr {
    Column::NextDueAt.is_not_null().and(Column::NextDueAt.lte(now))
}

/// The heartbeats that have waited longest, postponed in the same statement, so that several workers take different ones. Costs one read where
/// none is due.
async fn take_due(ctx: &Ctx) -> Result<Vec<heartbeat::Model>> {
    let now = ctx.now();
    if heartbeat::Entity::find().filter(is_due(now)).one(ctx.db.read()).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut oldest = Query::select();
    oldest.column(Column::Id).from(heartbeat::Entity).and_where(is_due(now));
    oldest.order_by(Column::NextDueAt, sea_orm::Order::Asc).limit(AT_ONCE);
    let taken = heartbeat::Entity::update_many()
        .set(ActiveModel { next_due_at: Set(Some(now + TAKEN)), ..Default::default() })
        // Repeated, because PostgreSQL re-evaluates a row that another worker has taken in the meantime.
        .filter(is_due(now))
        .filter(Column::Id.in_subquery(oldest))
        .exec_with_returning(ctx.db.write());
    Ok(taken.await?)
}

/// Does what is to be done about a row that was taken.
async fn handle(ctx: &Ctx, row: &heartbeat::Model) -> Result<()> {
    match due::step(row, ctx.now()) {
        Step::Rest => {
            let rested = ActiveModel { next_due_at: Set(row.expected_by), ..Default::default() };
            write(ctx, rested, as_taken(row)).await?;
        }
        Step::Raise(since) => {
            let title = title(row);
            let raised = ActiveModel { alarm_since: Set(Some(since)), alarm_title: Set(Some(title.clone())), ..Default::default() };
            // Before anybody is told, so that whatever happens next, somebody will tell that it is over.
            if write(ctx, raised, as_taken(row)).await? {
                raise(ctx, &heartbeat::Model { alarm_since: Some(since), alarm_title: Some(title), ..row.clone() }, since).await?;
            }
        }
        Step::RaiseAgain(since) => raise(ctx, row, since).await?,
        Step::End { since, at } => end(ctx, row, since, at).await?,
    }
    Ok(())
}

async fn raise(ctx: &Ctx, row: &heartbeat::Model, since: Timestamp) -> Result<()> {
    let title = row.alarm_title.clone().unwrap_or_else(|| title(row));
    let news = News { title: title.clone(), description: description(row), since, over_at: None };
    tell(ctx, row, news).await?;
    let told = ActiveModel { next_due_at: Set(None), ..Default::default() };
    if write(ctx, told, as_taken(row)).await? {
        metrics::counter!("muster_heartbeat_alarms_total").increment(1);
        return Ok(());
    }
    // Either something new is known of it, and it is looked at again, or it was removed by somebody who knew of no alarm.
    if heartbeat::Entity::find_by_id(row.id).one(ctx.db.write()).await?.is_none() {
        let description = Some("The heartbeat was removed.".to_owned());
        tell(ctx, row, News { title, description, since, over_at: Some(ctx.now()) }).await?;
    }
    Ok(())
}

async fn end(ctx: &Ctx, row: &heartbeat::Model, since: Timestamp, at: Timestamp) -> Result<()> {
    let title = row.alarm_title.clone().unwrap_or_else(|| title(row));
    let why = if row.paused_at.is_some() { "Nobody waits for it any more: it was paused." } else { "It is back." };
    tell(ctx, row, News { title, description: Some(why.to_owned()), since, over_at: Some(at) }).await?;
    let over = ActiveModel { alarm_since: Set(None), alarm_title: Set(None), ..Default::default() };
    // Further beats may have come since it was taken; only if it failed, it is an alarm again.
    let same = Column::Id.eq(row.id).and(Column::AlarmSince.eq(row.alarm_since)).and(Column::FailedAt.eq(row.failed_at));
    let ended = heartbeat::Entity::update_many().set(over).col_expr(Column::NextDueAt, Expr::col(Column::ExpectedBy)).filter(same);
    ended.exec(ctx.db.write()).await?;
    Ok(())
}

/// The condition that nothing new is known of a row.
fn as_seen(row: &heartbeat::Model) -> Expr {
    Column::Id
        .eq(row.id)
        .and(Column::Version.eq(row.version))
        .and(Column::ExpectedBy.eq(row.expected_by))
        .and(Column::FailedAt.eq(row.failed_at))
}

/// The same of a row that is still ours.
fn as_taken(row: &heartbeat::Model) -> Expr {
    as_seen(row).and(Column::NextDueAt.eq(row.next_due_at))
}

async fn write(ctx: &Ctx, change: ActiveModel, still: Expr) -> Result<bool> {
    let written = heartbeat::Entity::update_many().set(change).filter(still).exec(ctx.db.write());
    Ok(written.await?.rows_affected == 1)
}
