//! From the rows of an incident to what the playbook counts from.

use super::awaited;
use super::whole::Whole;
use crate::playbook::steps::{Affected, Case, FollowUp, Holder, Mark, Page, Posted, Report, Review};
use entity::{ActionState, Flag, Severity, Timestamp, Visibility, follow_up, incident, report};

impl Whole {
    /// What the playbook needs to know about the incident.
    pub fn case(&self) -> Case {
        let incident = &self.incident;
        Case {
            status: incident.status,
            severity: incident.severity,
            flags: incident.flags,
            restricted: incident.visibility == Visibility::Restricted,
            reported_at: incident.reported_at,
            triage_from: incident.triage_from,
            declared_at: incident.declared_at,
            reopened_at: incident.reopened_at,
            resolved_at: incident.resolved_at,
            raised: incident.raised,
            raised_at: incident.raised_at,
            leadership_since: incident.leadership_since,
            leadership_cause_at: leadership_cause_at(incident),
            breach_since: incident.breach_since,
            escalated_at: incident.escalated_at,
            updates: Posted { count: incident.updates, last_at: incident.last_update_at },
            client_updates: incident.client_updates,
            first_client_at: incident.first_client_at,
            clients: self
                .clients
                .iter()
                .map(|row| Affected {
                    client: row.client_id,
                    name: self.client_names.get(&row.client_id).cloned().unwrap_or_default(),
                    since: row.since,
                    told_at: row.told_at,
                })
                .collect(),
            holders: self
                .roles
                .iter()
                .map(|row| Holder { role: row.role, person: row.person_id, from: row.assigned_at, until: row.ended_at })
                .collect(),
            ticked: self.checklist.iter().map(|row| (row.goal.clone(), row.item.clone())).collect(),
            pages: self
                .pages
                .iter()
                .map(|row| Page {
                    step: row.step_key.clone(),
                    person: row.person_id,
                    at: row.paged_at,
                    answered_at: row.answered_at.filter(|_| row.lost_at.is_none()),
                    lost_at: row.lost_at,
                })
                .collect(),
            no_reaction_since: awaited::no_reaction_since(incident),
            marks: self
                .steps
                .iter()
                .map(|row| {
                    let mark = Mark {
                        due_at: row.due_at,
                        due_reminded_at: row.due_reminded_at,
                        overdue_reminded_at: row.overdue_reminded_at,
                        snoozed_until: row.snoozed_until,
                        settled_at: row.settled_at,
                        waived: row.waived,
                    };
                    (row.key.clone(), mark)
                })
                .collect(),
            report: self.reports.first().map(written),
            review: self
                .reviews
                .iter()
                .find(|row| row.called_off_at.is_none())
                .map(|row| Review { starts_at: row.starts_at, held_at: row.held_at }),
            follow_ups: owed(&self.follow_ups),
        }
    }
}

/// When the newest of the reasons that concern the leadership now held for the first time.
pub(crate) fn leadership_cause_at(incident: &incident::Model) -> Option<Timestamp> {
    let causes = [
        (incident.severity == Severity::Critical, incident.critical_since),
        (incident.flags.contains(Flag::SecurityBreach), incident.security_breach_since),
        (incident.flags.contains(Flag::DataBreach), incident.data_breach_since),
    ];
    causes.into_iter().filter(|(holds, _)| *holds).filter_map(|(_, since)| since).max()
}

/// The open follow-ups, as the playbook sees them.
fn owed(rows: &[follow_up::Model]) -> Vec<FollowUp> {
    rows.iter()
        .filter(|row| row.state == ActionState::Open)
        .map(|row| FollowUp { id: row.id.to_string(), title: row.title.clone(), owner: row.owner_id, due_on: row.due_on })
        .collect()
}

/// The report, as the playbook sees it.
fn written(row: &report::Model) -> Report {
    Report {
        circulated_at: row.circulated_at,
        final_at: row.final_at,
        client_version_at: row.clients_at,
        abridged_version_at: row.abridged_at,
    }
}
