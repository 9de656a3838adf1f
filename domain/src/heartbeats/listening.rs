//! Since when somebody has listened without a gap. All workers share a row that says when one of them last looked.
//!
//! While no worker lives, or the database is away, nobody can deliver a beat either: after such an outage the next beats are waited for
//! ([`due::after_outage`]).

use chrono::Duration;
use entity::heartbeat::{self, ActiveModel, Column};
use entity::{Timestamp, heartbeat_watch};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};

use super::due::{self, Outage};
use crate::ctx::Ctx;
use crate::error::Result;

/// The one row of [`heartbeat_watch`].
const WORKERS: &str = "workers";

/// How exactly it is known when one of them last looked.
const NOTED: Duration = Duration::seconds(10);

/// Workers that did not look for this long were away. Callers try again for as long as a restart takes.
const AWAY: Duration = Duration::minutes(2);

/// Since when workers have looked without a gap; nothing before the first look.
pub(super) async fn up_since(ctx: &Ctx) -> Result<Option<Timestamp>> {
    Ok(heartbeat_watch::Entity::find_by_id(WORKERS).one(ctx.db.read()).await?.map(|row| row.up_since))
}

/// Notes that somebody looks, every [`NOTED`], and says since when somebody has; of several workers at once, to one.
pub(super) async fn note(ctx: &Ctx) -> Result<Option<Timestamp>> {
    let now = ctx.now();
    let Some(row) = heartbeat_watch::Entity::find_by_id(WORKERS).one(ctx.db.read()).await? else {
        let first = heartbeat_watch::Model { name: WORKERS.to_owned(), seen_at: now, up_since: now }.into_active_model();
        let insert = heartbeat_watch::Entity::insert(first).on_conflict_do_nothing_on([heartbeat_watch::Column::Name]);
        insert.exec_without_returning(ctx.db.write()).await?;
        return Ok(None);
    };
    let silence = now - row.seen_at;
    // A clock that was put back counts as well: nobody knows what it said meanwhile.
    if silence.abs() >= AWAY {
        return come_back(ctx, &row, now).await;
    }
    let is_noted = silence >= NOTED && see(ctx.db.write(), &row, now, row.up_since).await?;
    Ok(is_noted.then_some(row.up_since))
}

/// After an outage: waits for the next beats of those that may have been lost, once.
async fn come_back(ctx: &Ctx, row: &heartbeat_watch::Model, now: Timestamp) -> Result<Option<Timestamp>> {
    let tx = ctx.db.begin().await?;
    if !see(&tx, row, now, now).await? {
        tx.rollback().await?;
        return Ok(None);
    }
    let outage = Outage { from: row.seen_at, until: now };
    for heartbeat in heartbeat::Entity::find().filter(Column::ExpectedBy.is_not_null()).all(&tx).await? {
        let Some(by) = due::after_outage(&heartbeat, outage) else { continue };
        // An alarm that a beat ended just before is still to be told as over.
        let look_at = if heartbeat.alarm_since.is_some() { now } else { by };
        let later = ActiveModel { expected_by: Set(Some(by)), next_due_at: Set(Some(look_at)), ..Default::default() };
        let still = heartbeat::Entity::update_many().set(later).filter(Column::Id.eq(heartbeat.id));
        let still = still.filter(Column::Version.eq(heartbeat.version)).filter(Column::ExpectedBy.eq(heartbeat.expected_by));
        still.filter(Column::FailedAt.eq(heartbeat.failed_at)).filter(Column::AlarmSince.eq(heartbeat.alarm_since)).exec(&tx).await?;
    }
    tx.commit().await?;
    tracing::info!(from = %outage.from, "nobody listened for heartbeats for a while; those that were due meanwhile are waited for once more");
    Ok(Some(now))
}

/// Notes that somebody looked; false if somebody else did.
async fn see<C: ConnectionTrait>(db: &C, row: &heartbeat_watch::Model, now: Timestamp, up_since: Timestamp) -> Result<bool> {
    use heartbeat_watch::Column;
    let seen = heartbeat_watch::ActiveModel { seen_at: Set(now), up_since: Set(up_since), ..Default::default() };
    let seen = heartbeat_watch::Entity::update_many()
        .set(seen)
        .filter(Column::Name.eq(&*row.name))
        .filter(Column::SeenAt.eq(row.seen_at))
        .exec(db);
    Ok(seen.await?.rows_affected == 1)
}
