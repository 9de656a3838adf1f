//! Who is invited to a review, and why (R30). Pure.

use std::collections::{BTreeMap, HashMap};

use entity::{Expectation, PersonId, Role, person};

use super::plan::Plan;
use crate::record::Whole;
use crate::words;

/// What somebody did in a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    roles: Vec<Role>,
    events: u64,
    was_called: bool,
}

impl Part {
    /// In words: `was incident lead, wrote 12 events and was called`.
    pub fn words(&self) -> String {
        let events = match self.events {
            0 => None,
            1 => Some("wrote an event of the timeline".to_owned()),
            number => Some(format!("wrote {number} events of the timeline")),
        };
        let roles = self.roles.iter().map(|role| format!("was {}", words::role(*role)));
        let called = self.was_called.then(|| "was called".to_owned());
        let parts: Vec<String> = roles.chain(events).chain(called).collect();
        words::listed(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Who had a part in the response: held a role of it, wrote in the timeline until it was over (`wrote`), or was called.
pub fn parts(whole: &Whole, wrote: &HashMap<PersonId, u64>) -> BTreeMap<PersonId, Part> {
    let mut parts: BTreeMap<PersonId, Part> = BTreeMap::new();
    let over = whole.incident.resolved_at;
    let responds = |role: Role| matches!(role, Role::IncidentLead | Role::ClientCommsManager | Role::Responder);
    for row in whole.roles.iter().filter(|row| responds(row.role) && over.is_none_or(|at| row.assigned_at <= at)) {
        let part = parts.entry(row.person_id).or_default();
        if !part.roles.contains(&row.role) {
            part.roles.push(row.role);
        }
    }
    for (person, events) in wrote {
        parts.entry(*person).or_default().events = *events;
    }
    for page in &whole.pages {
        parts.entry(page.person_id).or_default().was_called = true;
    }
    parts
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq)]
pub struct Guest<'a> {
    pub person: &'a person::Model,
    pub expectation: Expectation,
    /// Why, in words that go on after the name.
    pub reason: String,
}

/// Those of `team` who are invited by `plan`, who must be there first: besides those with a part in the response who looks after an affected
/// client (`clients`).
pub fn guests<'a>(
    team: &'a [person::Model],
    parts: &BTreeMap<PersonId, Part>,
    clients: &BTreeMap<PersonId, Vec<String>>,
    plan: &Plan,
) -> Vec<Guest<'a>> {
    let guest = |person: &'a person::Model| {
        let (expectation, reason) = if Some(person.id) == plan.facilitator {
            (Expectation::Must, "leads the review".to_owned())
        } else if Some(person.id) == plan.note_taker {
            (Expectation::Must, "takes the notes".to_owned())
        } else if let Some(part) = parts.get(&person.id) {
            (Expectation::Must, part.words())
        } else if Some(person.id) == plan.senior_outsider {
            (Expectation::Should, "sees it from outside".to_owned())
        } else if let Some(names) = clients.get(&person.id) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            (Expectation::Should, format!("looks after {}", words::listed(&names)))
        } else if plan.also.contains(&person.id) {
            (Expectation::May, "was added by hand".to_owned())
        } else {
            return None;
        };
        Some(Guest { person, expectation, reason })
    };
    let mut guests: Vec<Guest<'a>> = team.iter().filter_map(guest).collect();
    guests.sort_by(|a, b| (a.expectation, &a.person.name).cmp(&(b.expectation, &b.person.name)));
    guests
}

#[cfg(test)]
mod tests {
    use entity::Timestamp;

    use super::*;
    use crate::fixtures;

    #[test]
    fn whoever_had_a_part_must_be_there_and_reads_why() {
        use Expectation::{May, Must, Should};
        let part = Part { roles: vec![Role::IncidentLead, Role::Responder], events: 12, was_called: true };
        assert_eq!(part.words(), "was incident lead, was responder, wrote 12 events of the timeline and was called");
        assert_eq!(Part { events: 1, ..Part::default() }.words(), "wrote an event of the timeline");
        let team: Vec<person::Model> = [(1, "Ada"), (2, "Bo"), (3, "Cy"), (4, "Di"), (5, "Ed"), (6, "Flo"), (7, "Gil")]
            .map(|(id, name)| fixtures::person(id, name))
            .into();
        let id = |place: usize| team[place].id;
        let plan = Plan {
            starts_at: Timestamp::UNIX_EPOCH,
            duration_minutes: 90,
            place: None,
            facilitator: Some(id(4)),
            note_taker: Some(id(3)),
            senior_outsider: Some(id(2)),
            also: vec![id(1), id(0), id(6)],
        };
        let parts = BTreeMap::from([(id(0), part)]);
        let acme = || vec!["Acme".to_owned()];
        let clients =
            BTreeMap::from([(id(0), acme()), (id(2), acme()), (id(4), acme()), (id(6), vec!["Acme".to_owned(), "Example Ltd".to_owned()])]);
        let guests = guests(&team, &parts, &clients, &plan);
        let listed: Vec<(&str, Expectation)> = guests.iter().map(|guest| (guest.person.name.as_str(), guest.expectation)).collect();
        assert_eq!(listed, [("Ada", Must), ("Di", Must), ("Ed", Must), ("Cy", Should), ("Gil", Should), ("Bo", May)]);
        assert_eq!(guests[4].reason, "looks after Acme and Example Ltd");
        assert_eq!(guests[3].reason, "sees it from outside");
    }
}
