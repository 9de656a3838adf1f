//! The life of an incident: which status may follow on which, in one exhaustive place.

use entity::{IncidentStatus, TimelineKind, incident};
use serde_json::json;

use crate::change::{Draft, NewEvent};
use crate::error::{Error, Result};

/// What is done to an incident that may change its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Judge it an incident.
    Declare,
    /// Judge it no incident.
    Decline,
    /// Go on to another live status.
    Work(IncidentStatus),
    /// Say that service is back.
    Resolve,
    /// Say that it was not over, or was an incident after all.
    Reopen,
    /// Say that all follow-up work is done.
    Close,
    /// Say that it is the same as another.
    Merge,
}

/// The status after `step`; `None` where it can't be taken from `status`.
#[expect(clippy::match_same_arms, reason = "one line a status reads as the table it is")]
pub fn next(status: IncidentStatus, step: Move) -> Option<IncidentStatus> {
    use IncidentStatus::{Closed, Declined, Fixing, Investigating, Merged, Monitoring, Resolved, Triage};
    match (status, step) {
        (Triage, Move::Declare) => Some(Investigating),
        (Triage, Move::Decline) => Some(Declined),
        (Triage | Investigating | Fixing | Monitoring, Move::Merge) => Some(Merged),
        (Investigating | Fixing | Monitoring, Move::Work(to @ (Investigating | Fixing | Monitoring))) => Some(to),
        (Investigating | Fixing | Monitoring, Move::Resolve) => Some(Resolved),
        (Resolved, Move::Close) => Some(Closed),
        (Resolved | Closed, Move::Reopen) => Some(Investigating),
        (Declined, Move::Reopen) => Some(Triage),
        (Triage, Move::Work(_) | Move::Resolve | Move::Reopen | Move::Close)
        | (Investigating | Fixing | Monitoring, Move::Declare | Move::Decline | Move::Work(_) | Move::Reopen | Move::Close)
        | (Resolved, Move::Declare | Move::Decline | Move::Work(_) | Move::Resolve | Move::Merge)
        | (Closed | Declined, Move::Declare | Move::Decline | Move::Work(_) | Move::Resolve | Move::Close | Move::Merge)
        | (Merged, _) => None,
    }
}

/// Takes `step` in the draft and gives back the new status.
///
/// # Errors
/// `FAILED_PRECONDITION` that says which steps are possible.
pub fn advance(draft: &mut Draft<'_>, step: Move) -> Result<IncidentStatus> {
    let from = draft.incident.status;
    match next(from, step) {
        Some(to) => {
            draft.incident.status = to;
            Ok(to)
        }
        None => Err(Error::precondition(refusal(&draft.incident, step))),
    }
}

/// Goes to another live status and records it; staying where it is records nothing.
///
/// # Errors
/// `FAILED_PRECONDITION`; `BAD_USER_INPUT` for a status that has a mutation of its own.
pub fn move_live(draft: &mut Draft<'_>, to: IncidentStatus, note: Option<&str>) -> Result<()> {
    let other_way = match to {
        IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring => None,
        IncidentStatus::Resolved => Some("resolveIncident"),
        IncidentStatus::Closed => Some("closeIncident"),
        IncidentStatus::Declined => Some("declineIncident"),
        IncidentStatus::Merged => Some("mergeIncident"),
        IncidentStatus::Triage => Some("reopenIncident"),
    };
    if let Some(mutation) = other_way {
        return Err(Error::invalid("status", format!("{to} is reached by {mutation}. Here it is INVESTIGATING, FIXING or MONITORING.")));
    }
    let from = draft.incident.status;
    if advance(draft, Move::Work(to))? == from {
        return Ok(());
    }
    let text = match note {
        Some(note) => format!("{} → {}: {note}", words(from), words(to)),
        None => format!("{} → {}", words(from), words(to)),
    };
    draft.record(NewEvent::new(TimelineKind::StatusChanged, text).details(json!({ "from": from, "to": to })));
    Ok(())
}

/// Refuses to write on the timeline of an incident that lives on as another.
///
/// # Errors
/// `FAILED_PRECONDITION`.
pub fn require_open_timeline(incident: &incident::Model) -> Result<()> {
    if incident.status == IncidentStatus::Merged {
        return Err(Error::precondition(format!("INC-{} was merged: write on the incident it was merged into.", incident.number)));
    }
    Ok(())
}

/// Refuses to work on an incident that nobody declared or that is over.
///
/// # Errors
/// `FAILED_PRECONDITION`.
pub fn require_live(incident: &incident::Model) -> Result<()> {
    if incident.live {
        Ok(())
    } else {
        Err(Error::precondition(format!("INC-{} is {}: this is for live incidents.", incident.number, words(incident.status))))
    }
}

/// A status in words.
pub fn words(status: IncidentStatus) -> &'static str {
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

fn refusal(incident: &incident::Model, step: Move) -> String {
    let wanted = match step {
        Move::Declare => "can't be declared",
        Move::Decline => "can't be declined",
        Move::Work(_) => "has no work status to change",
        Move::Resolve => "can't be resolved",
        Move::Reopen => "can't be reopened",
        Move::Close => "can't be closed",
        Move::Merge => "can't be merged",
    };
    let way_out = match incident.status {
        IncidentStatus::Triage => "Declare, decline or merge it.",
        IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring => {
            "It is live: change its status, resolve or merge it."
        }
        IncidentStatus::Resolved => "Close it, or reopen it.",
        IncidentStatus::Closed | IncidentStatus::Declined => "Reopen it first.",
        IncidentStatus::Merged => "Work on the incident it was merged into.",
    };
    format!("INC-{} is {} and {wanted}. {way_out}", incident.number, words(incident.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use IncidentStatus::{Closed, Declined, Fixing, Investigating, Merged, Monitoring, Resolved, Triage};

    /// One row a status: where each step leads, in the order of [`STEPS`].
    const TABLE: [(IncidentStatus, [Option<IncidentStatus>; 9]); 8] = [
        (Triage, [Some(Investigating), Some(Declined), None, None, None, None, None, None, Some(Merged)]),
        (Investigating, [None, None, Some(Investigating), Some(Fixing), Some(Monitoring), Some(Resolved), None, None, Some(Merged)]),
        (Fixing, [None, None, Some(Investigating), Some(Fixing), Some(Monitoring), Some(Resolved), None, None, Some(Merged)]),
        (Monitoring, [None, None, Some(Investigating), Some(Fixing), Some(Monitoring), Some(Resolved), None, None, Some(Merged)]),
        (Resolved, [None, None, None, None, None, None, Some(Investigating), Some(Closed), None]),
        (Closed, [None, None, None, None, None, None, Some(Investigating), None, None]),
        (Declined, [None, None, None, None, None, None, Some(Triage), None, None]),
        (Merged, [None; 9]),
    ];

    const STEPS: [Move; 9] = [
        Move::Declare,
        Move::Decline,
        Move::Work(Investigating),
        Move::Work(Fixing),
        Move::Work(Monitoring),
        Move::Resolve,
        Move::Reopen,
        Move::Close,
        Move::Merge,
    ];

    #[test]
    fn every_status_and_step() {
        assert_eq!(TABLE.len(), IncidentStatus::ALL.len());
        for (status, row) in TABLE {
            for (step, expected) in STEPS.into_iter().zip(row) {
                assert_eq!(next(status, step), expected, "{status} {step:?}");
            }
        }
    }

    #[test]
    fn work_never_leads_out_of_the_live_statuses() {
        for status in IncidentStatus::ALL {
            for to in [Triage, Resolved, Closed, Declined, Merged] {
                assert_eq!(next(*status, Move::Work(to)), None);
            }
        }
    }
}
