//! Values in words, for sentences that people read.

use chrono::Duration;
use entity::{ActionState, Flag, Flags, IncidentField, IncidentStatus, Role, Severity};

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

/// A severity in words.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Major => "major",
        Severity::Minor => "minor",
        Severity::Trivial => "trivial",
    }
}

/// A flag in words.
pub fn flag(flag: Flag) -> &'static str {
    match flag {
        Flag::SecurityBreach => "security breach",
        Flag::DataBreach => "data breach",
        Flag::Recurring => "recurring",
        Flag::Retrospective => "retrospective",
    }
}

/// What is special about an incident, for people who must know it at once.
pub fn urgent_flags(flags: Flags) -> impl Iterator<Item = &'static str> {
    flags.iter().filter(|flag| *flag != Flag::Retrospective).map(flag)
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

/// What people set of an incident.
pub fn incident_field(field: IncidentField) -> &'static str {
    match field {
        IncidentField::ClientName => "name for clients",
        IncidentField::Flags => "flags",
        IncidentField::Impact => "impact",
        IncidentField::ImpactEndedAt => "end of the impact",
        IncidentField::ImpactStartedAt => "start of the impact",
        IncidentField::Name => "name",
        IncidentField::ReviewOutcome => "outcome of the review",
        IncidentField::ReviewPlan => "plan of the review",
        IncidentField::Severity => "severity",
        IncidentField::SiteIds => "sites",
        IncidentField::Status => "status",
        IncidentField::Summary => "summary",
        IncidentField::Visibility => "visibility",
    }
}

/// `text` beginning with a capital.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Names as people list them, in this order: `Alex, Kim and Sam`.
pub fn listed(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
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
