//! One step: what is asked for, of whom, when.

use entity::{ClientId, PersonId, Role, Timestamp};

use crate::playbook::Rule;
use crate::playbook::steps::Mark;

/// Whether a step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Not due yet.
    Upcoming,
    /// Due now.
    Due,
    /// Due for too long.
    Overdue,
}

impl Stage {
    /// The state at `now` of something due at `due_at` and overdue at `overdue_at`.
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
    /// Names the obligation permanently, e.g. `summary:2.1`.
    pub key: String,
    /// The rule it comes from.
    pub rule: Rule,
    /// What to do.
    pub title: String,
    /// Why.
    pub why: String,
    /// Whose it is.
    pub audience: &'static [Role],
    /// The person who should do it, if it doesn't go by roles.
    pub person: Option<PersonId>,
    /// The playbook's contact it is about.
    pub contact: Option<String>,
    /// The clients it is about: those who wait to hear from us.
    pub clients: Vec<ClientId>,
    /// When it becomes due.
    pub due_at: Timestamp,
    /// When it becomes overdue.
    pub overdue_at: Timestamp,
    /// What made it necessary happened then, for a step that may be asked for again: earlier marks were about an earlier time.
    pub cause_at: Option<Timestamp>,
    /// Its state now.
    pub state: Stage,
    /// For the review: a proposed time.
    pub proposed_at: Option<Timestamp>,
    /// For a step of a series: how many numbers fell due before it since the last one that people were reminded of.
    pub missed: i64,
}

impl Step {
    /// What the list of steps is sorted by. An incident without a lead needs one before anything else, even if the time has not come.
    pub(super) fn urgency(&self) -> (bool, Option<Rule>, Timestamp, &str) {
        let is_coming = self.state == Stage::Upcoming && self.rule != Rule::Lead;
        (is_coming, Some(self.rule).filter(|rule| !is_coming && !rule.counts_in_days()), self.due_at, &self.key)
    }

    /// Since when it has been in its state, or when it will be due.
    pub fn since(&self) -> Timestamp {
        match self.state {
            Stage::Upcoming | Stage::Due => self.due_at,
            Stage::Overdue => self.overdue_at,
        }
    }

    /// When people must next be reminded of this step, given what they were reminded of; in the past if that is overdue. `None` if they
    /// have had every reminder. Who asked to be left alone for a while is reminded once more then, whatever they had before.
    pub fn next_reminder(&self, mark: Option<&Mark>) -> Option<Timestamp> {
        let mark = mark.filter(|mark| self.is_meant(mark.due_at));
        let snoozed = mark.and_then(|mark| mark.snoozed_until);
        let told = |time: fn(&Mark) -> Option<Timestamp>| mark.and_then(time).is_some();
        match self.state {
            Stage::Upcoming => Some(self.due_at),
            Stage::Due | Stage::Overdue if snoozed.is_some() => snoozed,
            Stage::Due if !told(|mark| mark.due_reminded_at) => Some(self.due_at),
            Stage::Due | Stage::Overdue if !told(|mark| mark.overdue_reminded_at) => Some(self.overdue_at),
            Stage::Due | Stage::Overdue => None,
        }
    }

    /// Whether a mark for this key that was due at `due_at` is about this step.
    pub fn is_meant(&self, due_at: Timestamp) -> bool {
        is_after(self.cause_at, due_at)
    }
}

pub(super) fn is_after(cause_at: Option<Timestamp>, due_at: Timestamp) -> bool {
    cause_at.is_none_or(|cause_at| due_at >= cause_at)
}
