//! How far a report has got: which state may follow which, in one exhaustive match.

use entity::ReportState;

use crate::error::{Error, Result};

/// A step that moves a report on, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Ask people to read it.
    Circulate,
    /// Say that it is finished.
    Finish,
    /// Go on writing after all.
    TakeBack,
}

/// The state after `step`.
///
/// # Errors
/// `FAILED_PRECONDITION`, saying what to do instead.
#[expect(clippy::match_same_arms, reason = "one line per state reads as the table it is")]
pub fn next(state: ReportState, step: Move) -> Result<ReportState> {
    use ReportState::{Circulated, Draft, Final};
    match (state, step) {
        (Draft, Move::Circulate) => Ok(Circulated),
        // Again, after changes or to more people.
        (Circulated, Move::Circulate) => Ok(Circulated),
        (Circulated, Move::Finish) => Ok(Final),
        (Circulated | Final, Move::TakeBack) => Ok(Draft),
        (Draft, Move::Finish) => {
            Err(Error::precondition("Nobody was asked to read this report yet: circulate it first, so that those involved can comment."))
        }
        (Draft, Move::TakeBack) => Err(Error::precondition("The report is a draft already.")),
        (Final, Move::Circulate | Move::Finish) => Err(Error::precondition("The report is final: take it back to change it.")),
    }
}

/// Fails if the report is finished.
///
/// # Errors
/// `FAILED_PRECONDITION`.
pub fn require_open(state: ReportState) -> Result<()> {
    match state {
        ReportState::Draft | ReportState::Circulated => Ok(()),
        ReportState::Final => Err(Error::precondition("The report is final: take it back, with a reason, to change it.")),
    }
}
