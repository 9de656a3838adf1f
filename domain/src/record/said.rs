//! The words that a draft brings to its incident, and those that it may take away.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::timeline_event;

use super::draft::Draft;
use super::facts::Scope;
use crate::incident::kept::{Part, Version, Weighed};
use crate::search::words::{named, words};
use crate::timeline::others::is_searched;

/// Words that are remembered of an incident. Most of what is said in it is said again.
const REMEMBERED: usize = 200;

/// Words that the database has of an incident. One version hands them to the next: they only grow, and what takes words away begins anew.
#[derive(Default)]
struct Words(Mutex<HashSet<String>>);

impl Words {
    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_from(&self, said: &mut BTreeSet<String>) {
        let known = self.known();
        said.retain(|word| !known.contains(word));
    }

    fn add(&self, said: &BTreeSet<String>) {
        let mut known = self.known();
        for word in said {
            if known.len() < REMEMBERED && !known.contains(word) {
                known.insert(word.clone());
            }
        }
    }
}

impl Weighed for Words {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.known().iter().map(|word| 2 * size_of::<String>() + word.capacity()).sum::<usize>()
    }
}

impl<S: Scope> Draft<'_, S> {
    /// What its events say, and the incident's name and summary where they are new. Asked for once it is complete.
    fn says(&self) -> &BTreeSet<String> {
        self.says.get_or_init(|| {
            let mut says = of_events(&self.events);
            // A new incident has no version yet.
            if self.before().incident().version == 0 || self.renames() {
                says.append(&mut named(self.incident()));
            }
            says
        })
    }

    /// The same without words that the incident is known to have.
    pub(crate) fn said(&self) -> BTreeSet<String> {
        let mut said = self.says().clone();
        if let Some(known) = self.known_words() {
            known.take_from(&mut said);
        }
        said
    }

    /// Remembers, after the commit, which words the incident has.
    pub(crate) fn remember_words(&self) {
        let known = self.known_words().filter(|_| self.forgotten.is_empty()).unwrap_or_default();
        known.add(self.says());
        self.ctx().kept.keep(Version::from(self.incident()), Part::Words, known);
    }

    fn known_words(&self) -> Option<Arc<Words>> {
        self.ctx().kept.find(Version::from(self.before().incident()), Part::Words)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_said_again_and_is_bounded() {
        let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
        let known = Words::default();
        known.add(&set(&["disk", "full"]));
        let mut said = set(&["disk", "empty"]);
        known.take_from(&mut said);
        assert_eq!(said, set(&["empty"]));
        known.add(&(0..2 * REMEMBERED).map(|number| number.to_string()).collect());
        assert_eq!(known.0.lock().unwrap().len(), REMEMBERED);
    }
}
