//! Words of incidents that changed without the door: those of before the words were kept, by a chore, and one that is taken in.
//!
//! `counter` has up to which number incidents have yet to get theirs. The chore goes down from there, so the newest are found first, and what
//! happens meanwhile is kept by the door as ever.

use std::collections::{BTreeSet, HashMap};

use entity::{IncidentId, TimelineKind, counter, incident, timeline_event};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::rows::{self, Said};
use super::words::{named, words};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;
use crate::timeline::others::is_searched;

/// The name of the counter. Stored, so it must never change.
const UNSEARCHED: &str = "unsearched";
/// Incidents that get their words in one transaction, and such transactions of one round.
const BATCH: u64 = 50;
const BATCHES: usize = 100;
/// Events that are read at once.
const EVENTS: u64 = 1_000;

/// Gives the next incidents their words. Costs one read once all have theirs.
pub async fn fill(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Administer)?;
    for _ in 0..BATCHES {
        let left = counter::Entity::find_by_id(UNSEARCHED).one(ctx.db.read()).await?.map_or(0, |row| row.value);
        if left < 1 {
            return Ok(());
        }
        let next = incident::Entity::find().select_only().columns([incident::Column::Id, incident::Column::Number]);
        let next = next.filter(incident::Column::Number.lte(left)).order_by_desc(incident::Column::Number).limit(BATCH);
        let next: Vec<(IncidentId, i32)> = next.into_tuple().all(ctx.db.read()).await?;
        of_incidents(ctx, next.iter().map(|(id, _)| *id).collect()).await?;
        let reached = next.last().map_or(0, |(_, number)| number - 1);
        let below = counter::Entity::update_many().col_expr(counter::Column::Value, Expr::val(reached));
        let below = below.filter(counter::Column::Name.eq(UNSEARCHED)).filter(counter::Column::Value.gt(reached));
        below.exec(ctx.db.write()).await?;
        if reached == 0 {
            tracing::info!("all incidents are found by their words");
        }
    }
    Ok(())
}

/// Gives incidents their words. One that somebody changes at the same moment is read again.
async fn of_incidents(ctx: &Ctx, ids: Vec<IncidentId>) -> Result<()> {
    let mut left = ids;
    while !left.is_empty() {
        // In the order in which the door writes them, so that neither waits for the other.
        let incidents = incident::Entity::find().filter(incident::Column::Id.is_in(padded(&left))).order_by_asc(incident::Column::Id);
        let incidents = incidents.all(ctx.db.read()).await?;
        let mut said: HashMap<IncidentId, BTreeSet<String>> = incidents.iter().map(|row| (row.id, named(row))).collect();
        texts(ctx.db.read(), &left, |id, _, text| said.entry(id).or_default().extend(words(text))).await?;
        let (mut held, mut lost) = (Vec::<Said>::new(), Vec::new());
        let tx = ctx.db.begin().await?;
        for row in &incidents {
            if hold(&tx, row).await? {
                held.push((row.number, said.remove(&row.id).unwrap_or_default()));
            } else {
                lost.push(row.id);
            }
        }
        rows::add(&tx, &held).await?;
        tx.commit().await?;
        left = lost;
    }
    Ok(())
}

/// Keeps others from changing the incident until the transaction ends. Whether it is still as it was read.
async fn hold(tx: &DatabaseTransaction, row: &incident::Model) -> Result<bool, DbErr> {
    use incident::Column::{Id, Version};
    let same = incident::Entity::update_many().col_expr(Version, Expr::col(Version)).filter(Id.eq(row.id)).filter(Version.eq(row.version));
    Ok(same.exec(tx).await?.rows_affected == 1)
}

/// Gives an incident its words in the transaction in which it is taken in.
pub async fn take_in(tx: &DatabaseTransaction, row: &incident::Model) -> Result<(), DbErr> {
    let mut said = named(row);
    texts(tx, &[row.id], |_, _, text| said.extend(words(text))).await?;
    rows::add(tx, &[(row.number, said)]).await
}

/// Reads out what is searched of the timelines of `ids`, with incident and sequence.
pub async fn texts(db: &impl ConnectionTrait, ids: &[IncidentId], mut hear: impl FnMut(IncidentId, i32, &str) + Send) -> Result<(), DbErr> {
    use timeline_event::Column;
    let key = || Expr::tuple([Expr::col(Column::IncidentId), Expr::col(Column::Sequence)]);
    let mut place: Option<(IncidentId, i32)> = None;
    loop {
        let mut select = timeline_event::Entity::find()
            .select_only()
            .columns([Column::IncidentId, Column::Sequence, Column::Kind, Column::Text])
            .filter(Column::IncidentId.is_in(padded(ids)));
        if let Some((id, sequence)) = place {
            select = select.filter(key().gt(Expr::tuple([Expr::val(id), Expr::val(sequence)])));
        }
        let select = select.order_by_asc(Column::IncidentId).order_by_asc(Column::Sequence).limit(EVENTS);
        let events: Vec<(IncidentId, i32, TimelineKind, String)> = select.into_tuple().all(db).await?;
        for (id, sequence, _, text) in events.iter().filter(|(_, _, kind, text)| is_searched(*kind, text)) {
            hear(*id, *sequence, text);
        }
        place = events.last().map(|(id, sequence, ..)| (*id, *sequence));
        if (events.len() as u64) < EVENTS {
            return Ok(());
        }
    }
}
