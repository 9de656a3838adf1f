//! What several decisions write on a draft: who holds a role, who may know, whom it affects, where it is.

use entity::{
    Flags, IncidentId, IncidentStatus, OfferState, PersonId, Role, RoleAssignmentId, Severity, SiteId, TimelineKind, Timestamp, Visibility,
    client, incident, incident_access, incident_client, incident_site, person, role_assignment, role_offer,
};
use serde_json::json;

use crate::chain;
use crate::ctx::Ctx;
use crate::record::{Draft, NewEvent};
use crate::words;

/// Writes into the draft that `person` takes `role`, and withdraws open offers of it.
pub(crate) fn give(draft: &mut Draft<'_>, role: Role, person: &person::Model, note: Option<&str>) {
    let held = |row: &&role_assignment::Model| row.role == role && row.ended_at.is_none();
    let holders: Vec<role_assignment::Model> = draft.whole().roles.iter().filter(held).cloned().collect();
    if holders.iter().any(|row| row.person_id == person.id) {
        return;
    }
    let replaced = if role == Role::Responder { Vec::new() } else { holders };
    for row in &replaced {
        end(draft, row);
    }
    draft.add::<role_assignment::Entity>(role_assignment::Model {
        id: RoleAssignmentId(draft.id()),
        incident_id: draft.incident().id,
        role,
        person_id: person.id,
        assigned_at: draft.now,
        ended_at: None,
        handover_note: note.map(str::to_owned),
    });
    set_current(draft, role, Some(person.id));
    admit(draft, person.id);
    if role != Role::Responder {
        withdraw(draft, role);
    }
    let text = match note {
        Some(note) => format!("{} is {}: {note}", person.name, words::role(role)),
        None => format!("{} is {}", person.name, words::role(role)),
    };
    let from: Vec<String> = replaced.iter().map(|row| row.person_id.to_string()).collect();
    let details = json!({ "role": role, "from": from, "to": person.id.to_string() });
    draft.record(NewEvent::new(TimelineKind::RoleChanged, text).details(details));
}

pub(crate) fn end(draft: &mut Draft<'_>, row: &role_assignment::Model) {
    let now = draft.now;
    draft.put::<role_assignment::Entity>(role_assignment::Model { ended_at: Some(now), ..row.clone() });
}

pub(crate) fn set_current(draft: &mut Draft<'_>, role: Role, person: Option<PersonId>) {
    match role {
        Role::IncidentLead => draft.incident_mut().lead_id = person,
        Role::ClientCommsManager => draft.incident_mut().comms_manager_id = person,
        Role::Responder | Role::ReportAuthor | Role::ReviewFacilitator | Role::NoteTaker => {}
    }
}

/// Lets the person who makes an incident restricted keep seeing it.
pub(crate) fn admit_actor(draft: &mut Draft<'_>) {
    if let Some(person) = draft.actor()
        && draft.incident().visibility == Visibility::Restricted
    {
        admit(draft, person);
    }
}

/// Lets `person` see the incident while it is restricted.
pub(crate) fn admit(draft: &mut Draft<'_>, person: PersonId) {
    if !draft.whole().access.iter().any(|row| row.person_id == person) {
        let row = incident_access::Model { incident_id: draft.incident().id, person_id: person, granted_at: draft.now };
        draft.put::<incident_access::Entity>(row);
    }
}

/// Withdraws the open offers of a role.
pub(crate) fn withdraw(draft: &mut Draft<'_>, role: Role) {
    let open = |row: &&role_offer::Model| row.role == role && row.state == OfferState::Open;
    let offers: Vec<role_offer::Model> = draft.whole().offers.iter().filter(open).cloned().collect();
    for offer in offers {
        draft.put::<role_offer::Entity>(role_offer::Model { state: OfferState::Withdrawn, answered_at: Some(draft.now), ..offer });
    }
}

/// Writes into the draft that `client` is affected, or changes the note if it already is.
pub(crate) fn affect(draft: &mut Draft<'_>, client: &client::Model, note: Option<&str>) {
    let row = draft.whole().clients.iter().find(|row| row.client_id == client.id);
    if row.is_some_and(|row| note.is_none() || row.note.as_deref() == note) {
        return;
    }
    let (since, told_at) = row.map_or((draft.now, None), |row| (row.since, row.told_at));
    draft.put::<incident_client::Entity>(incident_client::Model {
        incident_id: draft.incident().id,
        client_id: client.id,
        since,
        note: note.map(str::to_owned),
        told_at,
    });
    record_client(draft, client, true, note);
}

pub(crate) fn record_client(draft: &mut Draft<'_>, client: &client::Model, affected: bool, note: Option<&str>) {
    let verdict = if affected { "is affected" } else { "is no longer affected" };
    let text = match note {
        Some(note) => format!("{} {verdict}: {note}", client.name),
        None => format!("{} {verdict}", client.name),
    };
    let details = json!({ "client": client.id.to_string(), "affected": affected });
    draft.record(NewEvent::new(TimelineKind::ClientAffected, text).details(details));
}

/// Writes into the draft that the incident is also about these sites.
pub(crate) fn add_sites(draft: &mut Draft<'_>, sites: &[SiteId]) {
    let incident = draft.incident().id;
    for site in sites {
        draft.add::<incident_site::Entity>(incident_site::Model { incident_id: incident, site_id: *site });
    }
}

/// A new incident in which nothing has happened yet.
pub(crate) fn blank(ctx: &Ctx, name: String, summary: Option<String>, severity: Severity, status: IncidentStatus) -> incident::Model {
    let now = ctx.now();
    incident::Model {
        reporter_id: ctx.actor.person_id(),
        summary,
        severity,
        status,
        ..unheard_of(IncidentId(ctx.ids.uuid(now)), name, now)
    }
}

/// An incident of which nothing is known but its name, and that somebody has just told of it.
pub(crate) fn unheard_of(id: IncidentId, name: String, now: Timestamp) -> incident::Model {
    incident::Model {
        id,
        number: 0,
        name,
        client_name: None,
        summary: None,
        severity: Severity::Minor,
        status: IncidentStatus::Triage,
        live: false,
        visibility: Visibility::Open,
        flags: Flags::default(),
        reporter_id: None,
        lead_id: None,
        comms_manager_id: None,
        reported_at: now,
        declared_at: None,
        impact_started_at: None,
        impact_ended_at: None,
        resolved_at: None,
        closed_at: None,
        merged_into_id: None,
        impact_requests: None,
        impact_visits: None,
        impact_users: None,
        impact_description: None,
        version: 0,
        last_sequence: 0,
        last_hash: chain::START.to_vec(),
        latest_update_sequence: None,
        changed_at: now,
        next_due_at: None,
        reopened_at: None,
        raised: 0,
        raised_at: None,
        leadership_since: None,
        breach_since: None,
        critical_since: None,
        security_breach_since: None,
        data_breach_since: None,
        triage_from: None,
        escalated_at: None,
        updates: 0,
        last_update_at: None,
        client_updates: 0,
        last_client_update_at: None,
        first_client_at: None,
        problem_ordered_at: None,
        chat_since: None,
        channel_ordered_at: None,
        led_at: None,
        second_line_at: None,
        summaries_in_time: None,
        summaries_late: None,
        client_updates_in_time: None,
        client_updates_late: None,
        awaited: None,
        last_changes: None,
    }
}
