//! Times that a clock wrote which was ahead. The playbook counts from them, so nothing would fall due until they have come.

use chrono::Duration;
use entity::{Timestamp, incident, incident_client, page, role_assignment, step};

use super::draft::Draft;
use super::whole::{Child, Whole};
use crate::limits;

/// How far the clock of another process may be ahead.
const TOLERANCE: Duration = Duration::minutes(1);

impl Whole {
    /// Whether anything that the playbook counts from lies in the future.
    pub(crate) fn is_ahead(&self, now: Timestamp) -> bool {
        self.clone().put_right(now)
    }

    /// Has what lies in the future happen now. Returns whether anything did.
    fn put_right(&mut self, now: Timestamp) -> bool {
        let Self { incident, roles, pages, clients, steps, .. } = self;
        let mut moved = false;
        let mut right = |at: &mut Timestamp| {
            if *at > now + TOLERANCE {
                *at = now;
                moved = true;
            }
        };
        right(&mut incident.reported_at);
        let incident::Model {
            declared_at,
            resolved_at,
            closed_at,
            reopened_at,
            raised_at,
            leadership_since,
            breach_since,
            critical_since,
            security_breach_since,
            data_breach_since,
            escalated_at,
            last_update_at,
            last_client_update_at,
            first_client_at,
            led_at,
            second_line_at,
            channel_ordered_at,
            awaited,
            ..
        } = incident;
        let states = [declared_at, resolved_at, closed_at, reopened_at];
        let causes = [raised_at, leadership_since, breach_since, critical_since, security_breach_since, data_breach_since];
        let words = [escalated_at, last_update_at, last_client_update_at, first_client_at, led_at, second_line_at];
        let of_incident = states.into_iter().chain(causes).chain(words).chain([channel_ordered_at]);
        let of_roles = roles.iter_mut().flat_map(|row| [Some(&mut row.assigned_at), row.ended_at.as_mut()]).flatten();
        let of_pages = pages.iter_mut().flat_map(|row| [Some(&mut row.paged_at), row.lost_at.as_mut(), row.answered_at.as_mut()]).flatten();
        let of_awaited = awaited.iter_mut().flat_map(|awaited| &mut awaited.0).flat_map(|row| [&mut row.since, &mut row.reminded_at]);
        let of_clients = clients.iter_mut().flat_map(|row| [Some(&mut row.since), row.told_at.as_mut()]).flatten();
        of_incident.flatten().for_each(&mut right);
        of_roles.for_each(&mut right);
        of_pages.for_each(&mut right);
        of_awaited.for_each(&mut right);
        of_clients.for_each(&mut right);
        // What is put off lies in the future, but not far.
        for row in steps.iter_mut().filter(|row| row.snoozed_until.is_some_and(|until| until > now + longest_snooze() + TOLERANCE)) {
            row.snoozed_until = None;
            moved = true;
        }
        moved
    }
}

fn longest_snooze() -> Duration {
    Duration::minutes(limits::SNOOZE_MINUTES.into_iter().max().unwrap_or_default())
}

/// Writes into a draft in which nothing else was decided that what lies in the future happens now. Returns whether anything did.
pub(crate) fn put_right(draft: &mut Draft<'_>) -> bool {
    let mut right = draft.before().clone();
    if !right.put_right(draft.now) {
        return false;
    }
    *draft.incident_mut() = right.incident.clone();
    put::<role_assignment::Entity>(draft, &mut right);
    put::<page::Entity>(draft, &mut right);
    put::<incident_client::Entity>(draft, &mut right);
    put::<step::Entity>(draft, &mut right);
    true
}

/// Writes the rows of a table that differ.
fn put<E: Child>(draft: &mut Draft<'_>, right: &mut Whole)
where
    E::Model: sea_orm::IntoActiveModel<E::ActiveModel> + PartialEq,
{
    let known = E::rows(&mut draft.before().clone()).clone();
    for row in E::rows(right).iter().filter(|row| !known.contains(row)) {
        draft.put::<E>(row.clone());
    }
}
