//! A stretch of time in which an alert flaps. Stored as JSON with the alert.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::{Severity, Timestamp};

/// What is known of a stretch of flapping beside its newest firing, which is in the alert's own columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Stretch {
    /// When the first of its firings began.
    pub since: Timestamp,
    /// How often it began to fire or ended.
    pub changes: i32,
    /// When we last heard of such a change, by our clock.
    pub changed_at: Timestamp,
    /// When the timeline last said something about it.
    pub told_at: Timestamp,
    /// The worst level that it reached.
    pub worst: Option<Severity>,
    /// Its latest firings before the newest one, oldest first.
    pub former: Vec<FormerFiring>,
}

/// A firing that is over, by what its source said and when we heard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerFiring {
    /// The latest start that the source named.
    pub start: Option<Timestamp>,
    /// The end that the source named.
    pub end: Option<Timestamp>,
    /// When we first heard that it ended.
    pub heard_at: Timestamp,
}
