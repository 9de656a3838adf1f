//! What the audit log has about who may know of an incident, whichever decision changed it. With whom an open incident is shared makes no
//! difference as long as it is open, and is said when it becomes restricted.

use std::collections::BTreeSet;

use entity::{AuditAction, PersonId, Visibility, incident};
use serde_json::json;

use crate::audit::Entry;
use crate::incident::reference::reference;
use crate::record::{Draft, Whole};

/// Appends what a draft changes to the log.
pub(super) fn audit(draft: &mut Draft<'_>) {
    let (before, after) = (draft.before(), draft.whole());
    let is_restricted = |row: &incident::Model| row.visibility == Visibility::Restricted;
    // A new incident has no version yet, and nobody knew of it.
    let was = before.incident.version > 0 && is_restricted(&before.incident);
    let (had, has) = (participants(before), participants(after));
    let (id, number) = (after.incident.id, reference(&after.incident));
    let entry = |action| Entry::new(action).about(id);
    let of = |person: &PersonId| json!({ "incident": number, "person": person.to_string() });
    let entries = match (was, is_restricted(&after.incident)) {
        (false, false) => Vec::new(),
        (false, true) => {
            let people: Vec<String> = has.iter().map(PersonId::to_string).collect();
            vec![entry(AuditAction::IncidentRestricted).details(json!({ "incident": number, "sharedWith": people }))]
        }
        (true, false) => vec![entry(AuditAction::IncidentOpened).details(json!({ "incident": number }))],
        (true, true) => {
            let shared = has.difference(&had).map(|person| entry(AuditAction::IncidentShared).details(of(person)));
            let unshared = had.difference(&has).map(|person| entry(AuditAction::IncidentUnshared).details(of(person)));
            shared.chain(unshared).collect()
        }
    };
    for entry in entries {
        draft.audit(entry);
    }
}

fn participants(whole: &Whole) -> BTreeSet<PersonId> {
    whole.access.iter().map(|row| row.person_id).collect()
}
