//! Walks the hash chain of a timeline to see whether anybody tampered with it.

use crate::chain::{Verdict, Walk};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::timeline::redactions::Redactions;
use entity::{IncidentId, TimelineKind, incident, timeline_event};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Events read at a time.
const BATCH: u64 = 1_000;

/// What was found of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is whole.
    pub verdict: Verdict,
    /// How many of the events that were looked at are redacted.
    pub redacted: usize,
}

/// Verifies the timeline of `incident` from its first event to the one that the incident names as the newest.
/// Events added in the meantime are left for the next time.
pub async fn verify(ctx: &Ctx, incident: &incident::Model) -> Result<Verified> {
    let (mut walk, mut redactions, mut redacted) = (Walk::begin(), Redactions::default(), 0);
    while walk.reached() < incident.last_sequence {
        let events = timeline_event::Entity::find()
            .filter(timeline_event::Column::IncidentId.eq(incident.id))
            .filter(timeline_event::Column::Sequence.gt(walk.reached()))
            .filter(timeline_event::Column::Sequence.lte(incident.last_sequence))
            .order_by_asc(timeline_event::Column::Sequence)
            .limit(BATCH)
            .all(ctx.db.read())
            .await?;
        let emptied = events.iter().filter(|event| event.redacted_at.is_some()).count();
        if emptied > 0 {
            // After the events: what emptied one of them is there by now.
            redactions = redactions_of(ctx, incident.id).await?;
            redacted += emptied;
        }
        if !walk.follow(&redactions.standing(&events)) {
            return Ok(Verified { verdict: Verdict::Broken(walk.reached() + 1), redacted });
        }
    }
    let verdict = match walk.end(&incident.last_hash) {
        Verdict::Whole(sequence) if has_more_than_it_knows(ctx, incident.id).await? => Verdict::Broken(sequence + 1),
        verdict => verdict,
    };
    Ok(Verified { verdict, redacted })
}

async fn redactions_of(ctx: &Ctx, id: IncidentId) -> Result<Redactions> {
    let events = timeline_event::Entity::find()
        .filter(timeline_event::Column::IncidentId.eq(id))
        .filter(timeline_event::Column::Kind.eq(TimelineKind::Redaction));
    Ok(Redactions::of(&events.all(ctx.db.read()).await?))
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
