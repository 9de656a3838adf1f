//! What the reader finds in a calendar.

use chrono::NaiveDate;
use entity::Timestamp;

/// An event of a calendar, or an exception of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarEvent {
    /// Its UID in the calendar; empty if it has none.
    pub uid: String,
    /// Its title.
    pub summary: String,
    /// Its categories.
    pub categories: Vec<String>,
    /// Those who are invited and have not declined.
    pub attendees: Vec<Attendee>,
    /// Whether it begins on a date, not at a time.
    pub whole_days: bool,
    /// Whether it changes another event's occurrence.
    pub is_exception: bool,
    /// When it takes place within the requested time, in order.
    pub times: Result<Vec<Span>, Unread>,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendee {
    /// An e-mail address, in lower case.
    pub address: String,
    /// Such as `REQ-PARTICIPANT`, in upper case.
    pub role: String,
}

/// One occurrence of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it has ended.
    pub ends_at: Timestamp,
    /// For whole days, the first, and the first after them.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

/// Why an event gives no times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It was cancelled.
    Cancelled,
    /// It can't be read, for this reason, in words.
    Why(String),
}
