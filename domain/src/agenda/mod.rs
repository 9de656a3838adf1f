//! A person's calendar, as programs outside read it: their shifts, and the reviews that they come to.
//!
//! Called by `api` for whoever has the secret link ([`feeds`]), as often as a program likes: what was just read is at hand for a minute.
//! Each time it is read anew, what its person may see is looked at. Guarantee: it names nobody but its person, and of a restricted incident
//! only the number.

mod entries;
pub(crate) mod kept;

use std::collections::HashMap;
use std::sync::Arc;

use entity::{IncidentId, PersonId, Timestamp, Visibility, incident, person};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::people::feeds;
use crate::people::secrets::hash;
use crate::{incident as incidents, limits, on_call, review};
use entries::{Facts, Meeting, Window};
pub use kept::Agenda;

/// Programs that read one calendar at once take turns under this key.
const TURN: &str = "agenda";

/// The calendar behind a link, if it was read a moment ago.
pub async fn at_hand(ctx: &Ctx, secret: &str) -> Option<Arc<Agenda>> {
    ctx.agendas.get(&hash(secret), ctx.now(), &ctx.waker).await
}

/// The calendar behind a link.
///
/// # Errors
/// `NOT_FOUND`, also for somebody who has left the team.
pub async fn read(ctx: &Ctx, secret: &str) -> Result<Arc<Agenda>> {
    let hash = hash(secret);
    // Of many who ask at once, one reads.
    let _turn = ctx.lanes.enter((TURN, &hash)).await;
    let now = ctx.now();
    if let Some(kept) = ctx.agendas.get(&hash, now, &ctx.waker).await {
        return Ok(kept);
    }
    let as_of = ctx.waker.access();
    let (feed, person) = feeds::by_hash(ctx, &hash).await?;
    let text = text(&ctx.on_behalf_of(&person), &person, now).await?;
    feeds::record_read(ctx, &feed).await;
    let agenda = Arc::new(Agenda::new(text, now, as_of));
    ctx.agendas.keep(hash, agenda.clone()).await;
    Ok(agenda)
}

/// The calendar of `person`, who is the caller.
async fn text(ctx: &Ctx, person: &person::Model, now: Timestamp) -> Result<String> {
    let window = Window::at(now);
    let (planned, meetings) = tokio::try_join!(on_call::load(ctx, window.from, window.to), meetings(ctx, person.id, window.from))?;
    Ok(entries::written(&Facts { person, window, planned: &planned, meetings: &meetings, public_url: &ctx.config.public_url }))
}

async fn meetings(ctx: &Ctx, person: PersonId, from: Timestamp) -> Result<Vec<Meeting>> {
    let reviews = review::of_person(ctx, person, from, limits::FEED_ENTRIES).await?;
    if reviews.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<IncidentId> = reviews.iter().map(|review| review.incident_id).collect();
    let incidents = incidents::by_ids(ctx, &ids).await?;
    let mut incidents: HashMap<IncidentId, incident::Model> = incidents.into_iter().map(|row| (row.id, row)).collect();
    let meeting = |review: entity::review::Model| {
        let incident = incidents.remove(&review.incident_id)?;
        let page = format!("{}/review", incidents::link(ctx, &incident));
        let reference = incidents::reference(&incident);
        let name = (incident.visibility == Visibility::Open).then_some(incident.name);
        Some(Meeting { review, reference, name, page })
    };
    Ok(reviews.into_iter().filter_map(meeting).collect())
}
