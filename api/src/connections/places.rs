//! Who has a place, and who must give it up.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use tokio_util::sync::CancellationToken;

/// Connections of one caller that nobody may take: far more than a person's tabs and a busy script have.
const KEPT_EACH: usize = 256;

/// The places of a process, one for each connection.
pub struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

/// Connections by the order in which they came.
#[derive(Default)]
struct Taken {
    next: u64,
    /// Whose caller has shown a valid secret, and who that is.
    known: HashMap<u64, Option<u128>>,
    /// How many of `known` each caller has.
    each: HashMap<u128, usize>,
    strangers: BTreeMap<u64, CancellationToken>,
}

impl Places {
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// A place for a new connection: where none is free, that of the stranger who came first. `None` where all have callers whom we know.
    pub fn take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.lock();
        if taken.known.len() + taken.strangers.len() >= self.most {
            let (_, dismissed) = taken.strangers.pop_first()?;
            dismissed.cancel();
            metrics::counter!("muster_connections_dismissed_total").increment(1);
        }
        let (number, dismissed) = (taken.next, CancellationToken::new());
        taken.next += 1;
        taken.strangers.insert(number, dismissed.clone());
        metrics::gauge!("muster_connections").increment(1.0);
        Some(Place(Arc::new(Held { places: self.clone(), number, dismissed })))
    }

    /// Ends the connections of all strangers.
    pub fn dismiss_strangers(&self) {
        for (_, dismissed) in std::mem::take(&mut self.lock().strangers) {
            dismissed.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        // Each change of it is one step, so it is whole even after a panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection. It is free again when the last clone is dropped.
#[derive(Clone)]
pub struct Place(Arc<Held>);

struct Held {
    places: Arc<Places>,
    number: u64,
    dismissed: CancellationToken,
}

impl Place {
    /// The place of the connection on which a request came, if [`super::serve`] took it.
    pub fn of(request: &Parts) -> Option<&Self> {
        request.extensions.get()
    }

    /// Says that the caller of a request has shown a valid secret: see [`Self::keep`].
    pub fn keep_of(request: &Parts, caller: Option<u128>) {
        if let Some(place) = Self::of(request) {
            place.keep(caller);
        }
    }

    /// Says that `caller` has shown a valid secret: from now on nobody takes the place from them, unless they have more than [`KEPT_EACH`].
    pub fn keep(&self, caller: Option<u128>) {
        let mut taken = self.0.places.lock();
        let number = self.0.number;
        if !taken.strangers.contains_key(&number) {
            return;
        }
        if let Some(caller) = caller {
            let kept = taken.each.entry(caller).or_default();
            if *kept >= KEPT_EACH {
                return;
            }
            *kept += 1;
        }
        taken.strangers.remove(&number);
        taken.known.insert(number, caller);
    }

    /// Waits until the connection has to end because somebody else needs its place.
    pub async fn dismissed(&self) {
        self.0.dismissed.cancelled().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.strangers.remove(&self.number);
        if let Some(Some(caller)) = taken.known.remove(&self.number)
            && let Some(kept) = taken.each.get_mut(&caller)
        {
            *kept -= 1;
            if *kept == 0 {
                taken.each.remove(&caller);
            }
        }
        metrics::gauge!("muster_connections").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_dismissed(place: &Place) -> bool {
        place.0.dismissed.is_cancelled()
    }

    #[test]
    fn the_stranger_who_came_first_makes_room() {
        let places = Places::new(3);
        let [first, second, third] = [(); 3].map(|()| places.take().unwrap());
        first.keep(None);
        let fourth = places.take().unwrap();
        assert_eq!([&first, &second, &third, &fourth].map(is_dismissed), [false, true, false, false]);
        drop(second);
        let _fifth = places.take().unwrap();
        assert_eq!([&first, &third, &fourth].map(is_dismissed), [false, true, false]);
    }

    #[test]
    fn nobody_who_is_known_makes_room() {
        let places = Places::new(2);
        let [first, second] = [(); 2].map(|()| places.take().unwrap());
        first.keep(None);
        second.keep(None);
        assert!(places.take().is_none());
        let clone = first.clone();
        drop(first);
        assert!(places.take().is_none(), "what holds a clone holds the place");
        drop(clone);
        assert!(places.take().is_some());
    }

    #[test]
    fn who_is_dismissed_can_no_longer_keep_the_place() {
        let places = Places::new(1);
        let first = places.take().unwrap();
        let second = places.take().unwrap();
        first.keep(None);
        drop(first);
        assert!(!is_dismissed(&second));
        assert!(places.take().is_some() && is_dismissed(&second), "its end freed no second place");
    }

    #[test]
    fn who_has_very_many_makes_room_like_a_stranger() {
        let places = Places::new(KEPT_EACH + 2);
        let mut theirs: Vec<Place> = (0..=KEPT_EACH).map(|_| places.take().unwrap()).collect();
        for place in &theirs {
            place.keep(Some(1));
        }
        let other = places.take().unwrap();
        other.keep(Some(2));
        let _new = places.take().unwrap();
        let dismissed: Vec<usize> = (0..=KEPT_EACH).filter(|index| is_dismissed(&theirs[*index])).collect();
        assert_eq!(dismissed, [KEPT_EACH]);

        theirs.truncate(1);
        let again = places.take().unwrap();
        again.keep(Some(1));
        assert_eq!(places.lock().each[&1], 2);
    }

    #[test]
    fn at_the_end_strangers_leave() {
        let places = Places::new(2);
        let [known, stranger] = [(); 2].map(|()| places.take().unwrap());
        known.keep(None);
        places.dismiss_strangers();
        assert_eq!([&known, &stranger].map(is_dismissed), [false, true]);
    }
}
