//! One step: what is asked for, of whom, when.

use entity::{PersonId, Role, Timestamp};

use crate::playbook::Rule;
use crate::playbook::steps::Mark;

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Asked for later.
    Upcoming,
    /// Asked for now.
    Due,
    /// Asked for a while ago.
    Overdue,
}

impl Stage {
    /// Where something stands at `now` that is due at `due_at` and overdue at `overdue_at`.
    pub fn of(due_at: Timestamp, overdue_at: Timestamp, now: Timestamp) -> Self {
        match now {
            now if now < due_at => Self::Upcoming,
            now if now < overdue_at => Self::Due,
            _ => Self::Overdue,
        }
    }
}

/// One thing that the playbook asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Names the obligation for ever, e.g. `summary:2.1`.
    pub key: String,
    /// The rule it comes from.
    pub rule: Rule,
    /// What to do.
    pub title: String,
    /// Why.
    pub why: String,
    /// Whose it is.
    pub audience: &'static [Role],
    /// The person it is about or for, when it is not a matter of roles.
    pub person: Option<PersonId>,
    /// The contact of the playbook whom it is about.
    pub contact: Option<String>,
    /// From when on it is due.
    pub due_at: Timestamp,
    /// From when on it is overdue.
    pub overdue_at: Timestamp,
    /// Since when it is asked for, where the same may be asked for again: what was said of it before was about another time.
    pub cause_at: Option<Timestamp>,
    /// Where it stands now.
    pub state: Stage,
    /// For the review: when it could be.
    pub proposed_at: Option<Timestamp>,
    /// For a step of a series: how many of its numbers fell due before it since the last one that people were told of.
    pub missed: i64,
}

impl Step {
    /// The moment at which people must next be told of this step, given what they were told: never later than `now` when that
    /// is overdue itself; `None` when they know.
    pub fn next_reminder(&self, mark: Option<&Mark>) -> Option<Timestamp> {
        let mark = mark.filter(|mark| self.is_meant(mark.due_at));
        let told = |time: fn(&Mark) -> Option<Timestamp>| mark.and_then(time).is_some();
        match self.state {
            Stage::Upcoming => Some(self.due_at),
            Stage::Due if !told(|mark| mark.due_reminded_at) => Some(self.due_at),
            Stage::Due | Stage::Overdue if !told(|mark| mark.overdue_reminded_at) => Some(self.overdue_at),
            Stage::Due | Stage::Overdue => None,
        }
    }

    /// Whether what was said of a step of this key that was due at `due_at` is about this step.
    pub fn is_meant(&self, due_at: Timestamp) -> bool {
        is_after(self.cause_at, due_at)
    }
}

pub(super) fn is_after(cause_at: Option<Timestamp>, due_at: Timestamp) -> bool {
    cause_at.is_none_or(|cause_at| due_at >= cause_at)
}
