//! Words that many answers have in common.

use entity::incident;

use crate::incident::{Listed, StepState, reference};
use crate::playbook::Playbook;
use crate::playbook::steps::Stage;

/// `INC-7: Shop is down`.
pub(super) fn headline(incident: &incident::Model) -> String {
    format!("{}: {}", reference(incident), incident.name)
}

/// When a step is due.
pub(super) fn due(step: &Listed, playbook: &Playbook) -> String {
    let snoozed = step.snoozed_until.map(|until| format!(", put off until {}", playbook.local(until))).unwrap_or_default();
    let due = match step.state {
        StepState::Open(Stage::Upcoming) => format!("due by {}", playbook.local(step.due_at)),
        StepState::Open(Stage::Due) => format!("due since {}", playbook.local(step.due_at)),
        StepState::Open(Stage::Overdue) => format!("overdue since {}", playbook.local(step.overdue_at.unwrap_or(step.due_at))),
        StepState::Done => "done".to_owned(),
        StepState::Waived => "skipped".to_owned(),
    };
    due + &snoozed
}
