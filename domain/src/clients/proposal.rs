//! The proposed text of an update to clients: the playbook's template, filled in with what is known.

use entity::{IncidentId, IncidentStatus, Visibility, incident};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::{by_ids, reference};
use crate::playbook::Playbook;
use crate::playbook::steps::later;
use crate::timeline::latest_updates;
use crate::words;

/// A proposed text for an update about the incident `id`, for a person to put into their own words.
///
/// # Errors
/// `FORBIDDEN` for viewers; `NOT_FOUND`, also for an incident that the caller may not see.
pub async fn draft_text(ctx: &Ctx, id: IncidentId) -> Result<String> {
    ctx.require(Right::Respond)?;
    let incident = by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("incident"))?;
    let newest = match incident.latest_update_sequence {
        Some(sequence) => latest_updates(ctx, &[(id, sequence)]).await?.remove(&id),
        None => None,
    };
    let latest = newest.map_or_else(|| in_words(incident.status).to_owned(), |event| event.text);
    Ok(proposed(&ctx.playbook(), &incident, &latest, ctx.now()))
}

fn proposed(playbook: &Playbook, incident: &incident::Model, latest: &str, now: entity::Timestamp) -> String {
    let since = incident.impact_started_at.or(incident.declared_at).unwrap_or(incident.reported_at);
    let template = if incident.live { &playbook.client_update_template } else { &playbook.client_update_closing };
    let reference = reference(incident);
    // Nobody checks every word before it goes out, so the text must not reveal the name of a restricted incident.
    let name = if incident.visibility == Visibility::Open { &incident.name } else { &reference };
    let values = [
        ("reference", reference.as_str()),
        ("name", name),
        ("severity", &incident.severity.as_str().to_lowercase()),
        ("status", words::status(incident.status)),
        ("since", &playbook.local(since)),
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
