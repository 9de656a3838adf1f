//! What is decided when a review is planned.

use entity::{PersonId, Timestamp};

use crate::error::{Error, Result};
use crate::limits;

/// The plan of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it lasts.
    pub duration_minutes: i32,
    /// Where people meet.
    pub place: Option<String>,
    /// Who leads it.
    pub facilitator: Option<PersonId>,
    /// Who takes the notes.
    pub note_taker: Option<PersonId>,
    /// Somebody senior who had no part in the response.
    pub senior_outsider: Option<PersonId>,
    /// Who is invited besides those whom it concerns.
    pub also: Vec<PersonId>,
}

/// A length that a review may have.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn minutes(minutes: i32) -> Result<i32> {
    let range = limits::REVIEW_MINUTES;
    if range.contains(&minutes) {
        return Ok(minutes);
    }
    Err(Error::invalid("durationMinutes", format!("durationMinutes must be between {} and {}.", range.start(), range.end())))
}
