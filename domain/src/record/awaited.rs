//! Whom an incident waits for: people who were reminded and have done nothing in it since.
//!
//! Kept in the incident's own row, so that every change by one of them, even a mere note, ends the wait without another statement.

use chrono::Duration;
use entity::{AwaitedPerson, PersonId, Timestamp, incident};

/// Reminders that somebody who does nothing gets as steps fall due, before there is a pause between them.
const REMINDERS_AT_ONCE: u32 = 3;

/// Since when somebody has done nothing, and nobody has stood in for them.
pub(crate) fn no_reaction_since(incident: &incident::Model) -> Option<Timestamp> {
    rows(incident).iter().filter(|row| row.stand_in.is_none()).map(|row| row.since).min()
}

/// Who is waited for.
pub(crate) fn rows(incident: &incident::Model) -> &[AwaitedPerson] {
    incident.awaited.as_ref().map_or(&[], |awaited| &awaited.0)
}

/// Who stands in for a person who does nothing.
pub(crate) fn stand_in(incident: &incident::Model, person: PersonId) -> Option<PersonId> {
    rows(incident).iter().find(|row| row.person == person).and_then(|row| row.stand_in)
}

/// Counts a reminder that falls due for a person, alone or with others of whom one is enough. `false` if they have done nothing since
/// earlier ones and must be left alone for now.
pub(crate) fn remind(incident: &mut incident::Model, person: PersonId, alone: bool, now: Timestamp, again_every: Duration) -> bool {
    let rows = &mut incident.awaited.get_or_insert_default().0;
    let Some(row) = rows.iter_mut().find(|row| row.person == person) else {
        rows.push(AwaitedPerson { person, since: now, reminded_at: now, reminders: 1, alone, stand_in: None });
        return true;
    };
    row.alone |= alone;
    // A time in the future is one of a clock that was ahead.
    let is_recent = (Duration::zero()..again_every).contains(&(now - row.reminded_at));
    if row.reminders >= REMINDERS_AT_ONCE && is_recent {
        return false;
    }
    row.reminders += 1;
    row.reminded_at = now;
    true
}

/// A person has done something: they are no longer waited for, nor are others of whom one was enough.
pub(crate) fn reacted(incident: &mut incident::Model, person: PersonId) {
    let Some(awaited) = &mut incident.awaited else { return };
    let Some(place) = awaited.0.iter().position(|row| row.person == person) else { return };
    let reacted = awaited.0.remove(place);
    awaited.0.retain(|row| row.alone || reacted.alone);
    if awaited.0.is_empty() {
        incident.awaited = None;
    }
}

/// `person` was paged at `paged_at` because others did nothing, and has answered: they stand in for them.
pub(crate) fn stands_in(incident: &mut incident::Model, person: PersonId, paged_at: Timestamp) {
    let awaited = incident.awaited.iter_mut().flat_map(|awaited| &mut awaited.0);
    for row in awaited.filter(|row| row.since <= paged_at) {
        row.stand_in = Some(person);
    }
}
