//! The words that a draft brings to its incident, and those that it may take away.

use std::collections::BTreeSet;

use entity::timeline_event;

use super::draft::Draft;
use super::facts::Scope;
use crate::search::words::{named, words};
use crate::timeline::others::is_searched;

impl<S: Scope> Draft<'_, S> {
    /// What its events say, and the incident's name and summary where they are new.
    pub(crate) fn said(&self) -> BTreeSet<String> {
        let mut said = of_events(&self.events);
        // A new incident has no version yet.
        if self.before().incident().version == 0 || self.renames() {
            said.append(&mut named(self.incident()));
        }
        said
    }

    /// What is not said any more, unless other events of the timeline say it.
    pub(crate) fn unsaid(&self) -> BTreeSet<String> {
        let mut unsaid = of_events(&self.emptied);
        if self.renames() {
            unsaid.append(&mut named(self.before().incident()));
        }
        if unsaid.is_empty() {
            return unsaid;
        }
        let (named, said) = (named(self.incident()), of_events(&self.events));
        unsaid.retain(|word| !named.contains(word) && !said.contains(word));
        unsaid
    }

    /// The events of before that it empties, by their numbers.
    pub(crate) fn emptied(&self) -> Vec<i32> {
        self.emptied.iter().map(|event| event.sequence).collect()
    }

    fn renames(&self) -> bool {
        let (before, after) = (self.before().incident(), self.incident());
        (&before.name, &before.summary) != (&after.name, &after.summary)
    }
}

fn of_events(events: &[timeline_event::Model]) -> BTreeSet<String> {
    events.iter().filter(|event| is_searched(event.kind, &event.text)).flat_map(|event| words(&event.text)).collect()
}
