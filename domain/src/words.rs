//! Values in words, for sentences that people read.

use chrono::Duration;
use entity::{ActionState, IncidentStatus, Role};

/// A role in words.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::IncidentLead => "incident lead",
        Role::ClientCommsManager => "client comms manager",
        Role::Responder => "responder",
        Role::ReportAuthor => "report author",
        Role::ReviewFacilitator => "review facilitator",
        Role::NoteTaker => "note-taker",
    }
}

/// A status in words.
pub fn status(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Triage => "in triage",
        IncidentStatus::Investigating => "investigating",
        IncidentStatus::Fixing => "fixing",
        IncidentStatus::Monitoring => "monitoring",
        IncidentStatus::Resolved => "resolved",
        IncidentStatus::Closed => "closed",
        IncidentStatus::Declined => "declined",
        IncidentStatus::Merged => "merged",
    }
}

/// The state of an action or follow-up.
pub fn action_state(state: ActionState) -> &'static str {
    match state {
        ActionState::Open => "open",
        ActionState::Done => "done",
        ActionState::Dropped => "dropped",
    }
}

/// A duration in words, to the minute.
pub fn span(span: Duration) -> String {
    let minutes = span.num_minutes().max(0);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Characters of an error that are kept.
const ERROR_CHARS: usize = 500;

/// As much of a reason as is kept.
pub fn shortened(reason: &str) -> String {
    reason.chars().take(ERROR_CHARS).collect()
}
