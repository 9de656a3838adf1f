//! Turns the rows of an incident into the facts that the playbook counts from.

use entity::{IncidentStatus, Timestamp, incident};

use crate::change::Whole;
use crate::follow_up;
use crate::playbook::steps::{Case, Holder, Mark, Page, Posted, concerns_leadership, is_breach, is_major};

impl Whole {
    /// What the playbook needs to know about the incident.
    pub fn case(&self) -> Case {
        let incident = &self.incident;
        Case {
            status: incident.status,
            severity: incident.severity,
            flags: incident.flags,
            reported_at: incident.reported_at,
            declared_at: incident.declared_at,
            reopened_at: incident.reopened_at,
            resolved_at: incident.resolved_at,
            raised: incident.raised,
            raised_at: incident.raised_at,
            leadership_since: incident.leadership_since,
            breach_since: incident.breach_since,
            escalated_at: incident.escalated_at,
            updates: Posted { count: incident.updates, last_at: incident.last_update_at },
            client_updates: Posted { count: incident.client_updates, last_at: incident.last_client_update_at },
            first_client_at: incident.first_client_at,
            clients_since: self.clients.iter().map(|row| row.since).min(),
            holders: self
                .roles
                .iter()
                .map(|row| Holder { role: row.role, person: row.person_id, from: row.assigned_at, until: row.ended_at })
                .collect(),
            ticked: self.checklist.iter().map(|row| (row.goal.clone(), row.item.clone())).collect(),
            pages: self
                .pages
                .iter()
                .map(|row| Page { step: row.step_key.clone(), person: row.person_id, at: row.paged_at, answered_at: row.answered_at })
                .collect(),
            marks: self
                .steps
                .iter()
                .map(|row| {
                    let mark = Mark {
                        due_at: row.due_at,
                        due_reminded_at: row.due_reminded_at,
                        overdue_reminded_at: row.overdue_reminded_at,
                        settled_at: row.settled_at,
                        waived: row.waived,
                    };
                    (row.key.clone(), mark)
                })
                .collect(),
            report: None,
            review: None,
            follow_ups: follow_up::owed(&self.follow_ups),
        }
    }
}

/// Sets the columns that say since when something has been the case. `first_client` is when the first of the clients affected `after` the
/// change was marked.
pub(crate) fn keep_milestones(before: &incident::Model, after: &mut incident::Model, first_client: Option<Timestamp>, now: Timestamp) {
    let raised = |row: &incident::Model| row.declared_at.is_some() && is_major(row.severity);
    if raised(after) && !raised(before) {
        after.raised += 1;
        after.raised_at = Some(now);
    }
    let concerns = |row: &incident::Model| row.declared_at.is_some() && concerns_leadership(row.severity, row.flags);
    if concerns(after) && !concerns(before) {
        after.leadership_since = Some(now);
    }
    if is_breach(after.flags) {
        after.breach_since = after.breach_since.or(Some(now));
    }
    let was_over = matches!(before.status, IncidentStatus::Resolved | IncidentStatus::Closed | IncidentStatus::Declined);
    if was_over && (after.live || after.status == IncidentStatus::Triage) {
        after.reopened_at = Some(now);
    }
    after.first_client_at = after.first_client_at.or(first_client);
}

/// Whether anything in the incident's own row differs that the playbook counts from.
pub(crate) fn counts(before: &incident::Model, after: &incident::Model) -> bool {
    let facts = |row: &incident::Model| {
        (
            (row.status, row.severity, row.flags, row.declared_at, row.resolved_at),
            (row.raised, row.escalated_at, row.updates, row.client_updates, row.first_client_at),
        )
    };
    facts(before) != facts(after)
}
