//! What people set of an incident: what each field holds, and who changed it last.
//!
//! The last changes are kept in the incident's own row, by comparing it before and after a change, whoever makes it and by whatever use
//! case: so nobody has to remember to say what a use case changes.

use entity::{Flag, IncidentField, LastChange, review};
use serde_json::{Value, json};

use super::draft::Draft;
use super::whole::Whole;

/// What `field` holds, in the form in which callers give it.
pub(crate) fn value(whole: &Whole, field: IncidentField) -> Value {
    let incident = &whole.incident;
    match field {
        IncidentField::ClientName => json!(incident.client_name),
        IncidentField::Flags => json!(incident.flags.iter().map(Flag::as_str).collect::<Vec<_>>()),
        IncidentField::Impact => json!({
            "requests": incident.impact_requests,
            "visits": incident.impact_visits,
            "users": incident.impact_users,
            "description": incident.impact_description,
        }),
        IncidentField::ImpactEndedAt => json!(incident.impact_ended_at),
        IncidentField::ImpactStartedAt => json!(incident.impact_started_at),
        IncidentField::Name => json!(incident.name),
        IncidentField::ReviewOutcome => json!(whole.reviews.iter().find(|review| review.held_at.is_some()).map(outcome)),
        IncidentField::ReviewPlan => json!(whole.reviews.iter().find(|review| review.called_off_at.is_none()).map(plan)),
        IncidentField::Severity => json!(incident.severity),
        IncidentField::SiteIds => {
            let mut sites: Vec<_> = whole.sites.iter().map(|row| row.site_id).collect();
            sites.sort_unstable();
            json!(sites.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        IncidentField::Status => json!(incident.status),
        IncidentField::Summary => json!(incident.summary),
        IncidentField::Visibility => json!(incident.visibility),
    }
}

/// The plan of a review. Whom it invites besides is not part of the whole: `sequence` tells that it has changed.
fn plan(review: &review::Model) -> Value {
    json!({
        "startsAt": review.starts_at,
        "durationMinutes": review.duration_minutes,
        "place": review.place,
        "facilitatorId": review.facilitator_id.to_string(),
        "noteTakerId": review.note_taker_id.to_string(),
        "seniorOutsiderId": review.senior_outsider_id.map(|person| person.to_string()),
        "overrideReason": review.override_reason,
        "sequence": review.sequence,
    })
}

/// What came of a review.
fn outcome(review: &review::Model) -> Value {
    let files = review.file_ids.iter().flat_map(|files| &files.0);
    json!({
        "heldAt": review.held_at,
        "notes": review.notes,
        "recordingUrl": review.recording_url,
        "noFollowUps": review.no_follow_ups,
        "fileIds": files.map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Keeps in the incident's row which fields the draft changes.
pub(crate) fn keep_changes(draft: &mut Draft<'_>) {
    let (before, after) = (draft.before(), draft.whole());
    let changed: Vec<_> = IncidentField::ALL.iter().copied().filter(|field| value(before, *field) != value(after, *field)).collect();
    let change = LastChange { version: after.incident.version, by: draft.actor(), at: draft.now };
    if let Some(changes) = &mut draft.incident_mut().last_changes {
        changes.fields.extend(changed.into_iter().map(|field| (field, change.clone())));
    }
}
