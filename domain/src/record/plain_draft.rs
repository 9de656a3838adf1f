//! Drafts of events that wait to be written together, where one connection writes.
//!
//! They are put where such drafts wait by the door (`change::together`), which takes out all that wait at a time: so a busy moment costs few commits.

use std::collections::BTreeSet;

use entity::{Timestamp, incident, timeline_event};
use sea_orm::DbErr;

/// A draft of events with their words, and of nothing else.
pub(crate) struct Plain {
    /// The version of the incident that was decided on.
    pub version: i32,
    /// When that was written, if it was not read for this.
    pub written_at: Option<Timestamp>,
    /// The columns in which the incident differs from it, and the incident as it will be.
    pub columns: Vec<incident::Column>,
    pub after: incident::Model,
    /// What it records, and the words of that.
    pub events: Vec<timeline_event::Model>,
    pub said: BTreeSet<String>,
}

/// What became of a draft: whether it was written. It was not if the incident has changed since.
pub(crate) type Outcome = Result<bool, Failed>;

/// Why it is not known to be written.
#[derive(Clone, Debug)]
pub(crate) enum Failed {
    /// A statement was refused, so nothing is written.
    Statement(DbErr),
    /// There was no transaction to be had, or its commit failed. To try at once again would only take as long once more.
    Transaction(DbErr),
}
