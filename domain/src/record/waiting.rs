//! Drafts of events that wait to be written together, where one connection writes.
//!
//! They are put here by the door (`change::together`), which takes out all that wait at a time: so a busy moment costs few commits.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use entity::{Timestamp, incident, timeline_event};
use sea_orm::DbErr;
use tokio::sync::{MutexGuard, oneshot};

/// Drafts in one transaction. More would keep the first ones waiting, and others who write.
const AT_ONCE: usize = 32;

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

/// A draft, and who waits for it.
pub(crate) type Waiter = (Plain, oneshot::Sender<Outcome>);

/// Those that wait.
#[derive(Default)]
pub(crate) struct Waiting {
    turn: tokio::sync::Mutex<()>,
    drafts: Mutex<Vec<Waiter>>,
}

impl Waiting {
    fn drafts(&self) -> std::sync::MutexGuard<'_, Vec<Waiter>> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to write what waits.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Adds a draft. Whoever adds one must take a turn afterwards: then none is left behind.
    pub fn add(&self, draft: Plain) -> oneshot::Receiver<Outcome> {
        let (sender, receiver) = oneshot::channel();
        self.drafts().push((draft, sender));
        receiver
    }

    /// Takes all.
    pub fn take_all(&self) -> Vec<Waiter> {
        std::mem::take(&mut *self.drafts())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.drafts().is_empty()
    }

    /// Takes those that waited longest, one of each incident, and at least one if any waits. Those whose callers went away are dropped.
    pub fn take(&self) -> Vec<Waiter> {
        let mut drafts = self.drafts();
        let (mut taken, mut left, mut incidents) = (Vec::new(), Vec::new(), HashSet::new());
        for waiter in drafts.drain(..).filter(|(_, sender)| !sender.is_closed()) {
            let fits = taken.len() < AT_ONCE && incidents.insert(waiter.0.after.id);
            if fits { taken.push(waiter) } else { left.push(waiter) }
        }
        *drafts = left;
        taken
    }
}

#[cfg(test)]
mod tests {
    use entity::IncidentId;
    use uuid::Uuid;

    use super::*;
    use crate::fixtures;

    fn of(incident: u128) -> Plain {
        let after = incident::Model { id: IncidentId(Uuid::from_u128(incident)), ..fixtures::live_incident(Timestamp::UNIX_EPOCH) };
        Plain { version: 1, written_at: None, columns: Vec::new(), after, events: Vec::new(), said: BTreeSet::new() }
    }

    fn ids(taken: &[Waiter]) -> Vec<u128> {
        taken.iter().map(|(draft, _)| draft.after.id.0.as_u128()).collect()
    }

    #[test]
    fn one_of_each_incident_is_taken_and_the_rest_waits_on() {
        let waiting = Waiting::default();
        let _callers: Vec<_> = [1, 2, 1, 3, 1].map(|incident| waiting.add(of(incident))).into();
        assert_eq!(ids(&waiting.take()), [1, 2, 3]);
        assert_eq!(ids(&waiting.take()), [1]);
        assert!(!waiting.is_empty());
        assert_eq!(ids(&waiting.take()), [1]);
        assert!(waiting.is_empty() && waiting.take().is_empty());
    }

    #[test]
    fn a_group_is_bounded_and_those_who_went_away_are_in_none() {
        let waiting = Waiting::default();
        let mut callers: Vec<_> = (0..100).map(|incident| waiting.add(of(incident))).collect();
        callers.remove(1);
        let sizes: Vec<usize> = std::iter::from_fn(|| Some(waiting.take().len()).filter(|size| *size > 0)).collect();
        assert_eq!(sizes, [32, 32, 32, 3]);
    }
}
