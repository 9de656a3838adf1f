//! Walks the hash chain of a timeline to see whether anybody tampered with it.

use super::chain::{START, hash};
use crate::ctx::Ctx;
use crate::error::Result;
use entity::{IncidentId, incident, timeline_event};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Events read at a time.
const BATCH: u64 = 1_000;

/// The result of verifying a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Intact, with this many events.
    Whole(i32),
    /// The first sequence number that does not fit: an event was altered, removed or inserted.
    Broken(i32),
}

/// Verifies the timeline of `incident` from its first event to the one that the incident names as the newest.
/// Events added in the meantime are left for the next time.
pub async fn verify(ctx: &Ctx, incident: &incident::Model) -> Result<Verdict> {
    let mut previous = START.to_vec();
    let mut sequence = 0;
    while sequence < incident.last_sequence {
        let events = timeline_event::Entity::find()
            .filter(timeline_event::Column::IncidentId.eq(incident.id))
            .filter(timeline_event::Column::Sequence.gt(sequence))
            .filter(timeline_event::Column::Sequence.lte(incident.last_sequence))
            .order_by_asc(timeline_event::Column::Sequence)
            .limit(BATCH)
            .all(ctx.db.read())
            .await?;
        if events.is_empty() {
            return Ok(Verdict::Broken(sequence + 1));
        }
        for event in events {
            sequence += 1;
            if event.sequence != sequence || event.hash != hash(&previous, &event) {
                return Ok(Verdict::Broken(sequence));
            }
            previous = event.hash;
        }
    }
    if previous != incident.last_hash {
        return Ok(Verdict::Broken(sequence));
    }
    Ok(if has_more_than_it_knows(ctx, incident.id).await? { Verdict::Broken(sequence + 1) } else { Verdict::Whole(sequence) })
}

/// Whether there are events after the one that the incident names as the newest, which means that somebody inserted them. One
/// statement, so that events being added right now do not look inserted.
async fn has_more_than_it_knows(ctx: &Ctx, id: IncidentId) -> Result<bool> {
    let newest = Query::select()
        .column(incident::Column::LastSequence)
        .from(incident::Entity)
        .and_where(Expr::col(incident::Column::Id).eq(id))
        .to_owned();
    let behind = timeline_event::Entity::find()
        .filter(timeline_event::Column::IncidentId.eq(id))
        .filter(Expr::col(timeline_event::Column::Sequence).gt(Expr::SubQuery(None, Box::new(newest.into()))));
    Ok(behind.one(ctx.db.read()).await?.is_some())
}
