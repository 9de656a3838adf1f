//! What people were told of a step of the playbook, and how it was settled, as written on a draft.

use entity::{IncidentId, PersonId, Timestamp, step};

use crate::playbook::steps::Step;
use crate::record::Draft;

/// How a step was settled.
pub struct Settlement {
    /// By whom; `None` if a system did it.
    pub by: Option<PersonId>,
    /// Whether it was skipped rather than done.
    pub waived: bool,
    /// The decision, or why it was skipped.
    pub note: Option<String>,
}

/// Writes into the draft that a step is settled.
pub(crate) fn settle(draft: &mut Draft<'_>, key: &str, settlement: Settlement) {
    let Some(step) = draft.steps().into_iter().find(|step| step.key == key) else { return };
    mark(draft, &step, |row, now| {
        row.settled_at = Some(now);
        row.settled_by_id = settlement.by;
        row.waived = settlement.waived;
        row.note = settlement.note;
    });
}

/// Writes into the draft what was reminded of or settled about a step.
pub(crate) fn mark(draft: &mut Draft<'_>, step: &Step, set: impl FnOnce(&mut step::Model, Timestamp)) {
    let about = |row: &&step::Model| row.key == step.key && step.is_meant(row.due_at);
    let known = draft.whole().steps.iter().find(about).cloned();
    let mut row = known.unwrap_or_else(|| unmarked(draft.incident().id, &step.key, step.due_at));
    set(&mut row, draft.now);
    draft.put::<step::Entity>(row);
}

/// A step of which nobody was told yet, and that nobody has settled.
pub(crate) fn unmarked(incident: IncidentId, key: &str, due_at: Timestamp) -> step::Model {
    step::Model {
        incident_id: incident,
        key: key.to_owned(),
        due_at,
        due_reminded_at: None,
        overdue_reminded_at: None,
        snoozed_until: None,
        settled_at: None,
        settled_by_id: None,
        waived: false,
        note: None,
    }
}
