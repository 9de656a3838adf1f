//! Who has a place, and who must give it up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use tokio_util::sync::CancellationToken;

/// The places of a process, one for each connection.
pub struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

/// Connections by the order in which they came.
#[derive(Default)]
struct Taken {
    next: u64,
    /// Whose caller has shown a valid secret.
    known: BTreeSet<u64>,
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
    pub fn keep_of(request: &Parts) {
        if let Some(place) = Self::of(request) {
            place.keep();
        }
    }

    /// Says that the caller has shown a valid secret: from now on nobody takes the place from them.
    pub fn keep(&self) {
        let mut taken = self.0.places.lock();
        if taken.strangers.remove(&self.0.number).is_some() {
            taken.known.insert(self.0.number);
        }
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
        taken.known.remove(&self.number);
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
        first.keep();
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
        first.keep();
        second.keep();
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
        first.keep();
        drop(first);
        assert!(!is_dismissed(&second));
        assert!(places.take().is_some() && is_dismissed(&second), "its end freed no second place");
    }

    #[test]
    fn at_the_end_strangers_leave() {
        let places = Places::new(2);
        let [known, stranger] = [(); 2].map(|()| places.take().unwrap());
        known.keep();
        places.dismiss_strangers();
        assert_eq!([&known, &stranger].map(is_dismissed), [false, true]);
    }
}
