//! The proposed text of an update to clients: the playbook's template, filled in with what is known.

use std::collections::HashSet;

use entity::{IncidentId, IncidentStatus, TimelineKind, Visibility, incident, timeline_event};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::authz::Right;
use crate::clients::letter::UNNAMED;
use crate::clients::machines_in;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::began;
use crate::incident::{by_ids, reference};
use crate::playbook::Playbook;
use crate::playbook::steps::later;
use crate::words;

/// A proposed text for an update about the incident `id`, for a person to put into their own words.
///
/// # Errors
/// `FORBIDDEN` for viewers; `NOT_FOUND`, also for an incident that the caller may not see.
pub async fn draft_text(ctx: &Ctx, id: IncidentId) -> Result<String> {
    ctx.require(Right::Respond)?;
    let incident = by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("incident"))?;
    // The team's summaries are for the team: only the resolution is proposed to clients, unless it says what they must not read.
    let resolution = resolution(ctx, &incident).await?.filter(|text| machines_in(text, &HashSet::new(), &HashSet::new()).is_empty());
    Ok(proposed(&ctx.playbook(), &incident, resolution.as_deref(), ctx.now()))
}

/// How an incident that everybody may know of was resolved.
async fn resolution(ctx: &Ctx, incident: &incident::Model) -> Result<Option<String>> {
    if incident.resolved_at.is_none() || incident.visibility == Visibility::Restricted {
        return Ok(None);
    }
    let resolved = timeline_event::Column::IncidentId.eq(incident.id).and(timeline_event::Column::Kind.eq(TimelineKind::Resolved));
    let newest = timeline_event::Entity::find().filter(resolved).order_by_desc(timeline_event::Column::Sequence);
    Ok(newest.one(ctx.db.read()).await?.filter(|event| event.redacted_at.is_none()).map(|event| event.text))
}

/// The playbook's template, filled in. `resolution` is what may be told to clients of how it ended.
pub(crate) fn proposed(playbook: &Playbook, incident: &incident::Model, resolution: Option<&str>, now: entity::Timestamp) -> String {
    let latest = resolution.unwrap_or_else(|| in_words(incident.status));
    let template = if incident.live { &playbook.client_update_template } else { &playbook.client_update_closing };
    let reference = reference(incident);
    let name = incident.client_name.as_deref().unwrap_or(UNNAMED);
    let values = [
        ("reference", reference.as_str()),
        ("name", name),
        ("severity", &incident.severity.as_str().to_lowercase()),
        ("status", words::status(incident.status)),
        ("since", &playbook.local(began(incident))),
        ("latest", latest),
        ("next", &playbook.local(later(now, playbook.client_update_every))),
    ];
    Playbook::filled_in(template, &values)
}

/// An incident's status in words for clients, for as long as nobody has written a summary.
fn in_words(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Triage | IncidentStatus::Investigating => "We are investigating.",
        IncidentStatus::Fixing => "We are working on a fix.",
        IncidentStatus::Monitoring => "We have put a fix in place and are making sure that it holds.",
        IncidentStatus::Resolved | IncidentStatus::Closed | IncidentStatus::Declined | IncidentStatus::Merged => {
            "Everything is working normally again."
        }
    }
}
