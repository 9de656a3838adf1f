//! The life of an incident: which status may follow which, in one exhaustive match.

use entity::{IncidentStatus, TimelineKind, incident};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait};
use serde_json::json;

use crate::error::{Error, Result};
use crate::record::{Draft, NewEvent};
use crate::words;

/// An action on an incident that may change its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Declare that the report is an incident.
    Declare,
    /// Decide that the report is not an incident.
    Decline,
    /// Move to another live status.
    Work(IncidentStatus),
    /// Say that service is back.
    Resolve,
    /// Say that it was not over, or was an incident after all.
    Reopen,
    /// Say that all follow-up work is done.
    Close,
    /// Say that it is the same as another incident.
    Merge,
}

/// The status after `step`, or `None` if `step` can't be taken from `status`.
#[expect(clippy::match_same_arms, reason = "one line per status reads as the table it is")]
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

/// Takes `step` in the draft and returns the new status.
///
/// # Errors
/// `FAILED_PRECONDITION`, saying which steps are possible.
pub fn advance(draft: &mut Draft<'_>, step: Move) -> Result<IncidentStatus> {
    let from = draft.incident().status;
    match next(from, step) {
        Some(to) => {
            draft.incident_mut().status = to;
            Ok(to)
        }
        None => Err(Error::precondition(refusal(draft.incident(), step))),
    }
}

/// Moves to another live status and records it; staying in the same status records nothing.
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
        return Err(Error::invalid(
            "status",
            format!("To make it {to}, use {mutation}. status must be INVESTIGATING, FIXING or MONITORING here."),
        ));
    }
    let from = draft.incident().status;
    if advance(draft, Move::Work(to))? == from {
        return Ok(());
    }
    let text = match note {
        Some(note) => format!("{} → {}: {note}", words::status(from), words::status(to)),
        None => format!("{} → {}", words::status(from), words::status(to)),
    };
    draft.record(NewEvent::new(TimelineKind::StatusChanged, text).details(json!({ "from": from, "to": to })));
    Ok(())
}

/// Whether people are working on the incident, or have yet to judge it.
pub fn is_running(incident: &incident::Model) -> bool {
    incident.live || incident.status == IncidentStatus::Triage
}

/// Whether nothing more happens in the incident, unless it is reopened.
pub fn is_over(incident: &incident::Model) -> bool {
    matches!(incident.status, IncidentStatus::Closed | IncidentStatus::Declined | IncidentStatus::Merged)
}

/// The same rule as [`is_running`], for rows in the database.
pub(crate) fn running() -> Expr {
    incident::Column::Live.eq(true).or(incident::Column::Status.eq(IncidentStatus::Triage))
}

/// Fails if the incident was merged: its timeline goes on in another one.
///
/// # Errors
/// `FAILED_PRECONDITION`.
pub fn require_open_timeline(incident: &incident::Model) -> Result<()> {
    if incident.status == IncidentStatus::Merged {
        return Err(Error::precondition(format!("INC-{} was merged: use the incident it was merged into.", incident.number)));
    }
    Ok(())
}

/// Fails unless the incident is live.
///
/// # Errors
/// `FAILED_PRECONDITION`.
pub fn require_live(incident: &incident::Model) -> Result<()> {
    if incident.live {
        Ok(())
    } else {
        Err(Error::precondition(format!(
            "INC-{} is {}: this is only possible in a live incident.",
            incident.number,
            words::status(incident.status)
        )))
    }
}

fn refusal(incident: &incident::Model, step: Move) -> String {
    let wanted = match step {
        Move::Declare => "can't be declared",
        Move::Decline => "can't be declined",
        Move::Work(_) => "can't change to another live status",
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
    format!("INC-{} is {} and {wanted}. {way_out}", incident.number, words::status(incident.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use IncidentStatus::{Closed, Declined, Fixing, Investigating, Merged, Monitoring, Resolved, Triage};

    /// One row per status: where each step leads, in the order of [`STEPS`].
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
    fn every_step_leads_from_every_status_to_where_the_table_says() {
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
