//! What waits to be written together with more of its kind.
//!
//! Whoever has something to write adds it and waits to be told. One at a time has the turn: it takes what waits by
//! then, writes it, and tells each what became of it. Meanwhile the next ones gather; one who is alone waits for nobody.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{MutexGuard, oneshot};

/// Something to be written, and who waits for its outcome.
pub(crate) type Waiter<T, O> = (T, oneshot::Sender<O>);

/// Those that wait.
pub(crate) struct Waiting<T, O> {
    turn: tokio::sync::Mutex<()>,
    waiters: Mutex<Vec<Waiter<T, O>>>,
}

impl<T, O> Default for Waiting<T, O> {
    fn default() -> Self {
        Self { turn: tokio::sync::Mutex::default(), waiters: Mutex::default() }
    }
}

impl<T, O> Waiting<T, O> {
    fn waiters(&self) -> std::sync::MutexGuard<'_, Vec<Waiter<T, O>>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn to write what waits.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Adds one and has `take_turn` run, which takes a [turn](Self::turn) and what waits by then, so that none is left behind. It is a task of its own: a
    /// caller that goes away leaves nothing open. What became of the one; `None` if the task ended early.
    pub async fn outcome(&self, one: T, take_turn: impl Future<Output = ()> + Send + 'static) -> Option<O> {
        let outcome = self.add(one);
        tokio::spawn(take_turn);
        outcome.await.ok()
    }

    fn add(&self, one: T) -> oneshot::Receiver<O> {
        let (sender, receiver) = oneshot::channel();
        self.waiters().push((one, sender));
        receiver
    }

    /// Takes all.
    pub fn take_all(&self) -> Vec<Waiter<T, O>> {
        std::mem::take(&mut *self.waiters())
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiters().is_empty()
    }

    /// Takes those that waited longest, at most so many, and of these the ones that fit with those before. Those whose callers went away are dropped.
    pub fn take(&self, most: usize, mut fits: impl FnMut(&T) -> bool) -> Vec<Waiter<T, O>> {
        let mut waiters = self.waiters();
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for waiter in waiters.drain(..).filter(|(_, sender)| !sender.is_closed()) {
            if taken.len() < most && fits(&waiter.0) { taken.push(waiter) } else { left.push(waiter) }
        }
        *waiters = left;
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    type Letters = Waiting<char, ()>;

    fn letters(taken: &[Waiter<char, ()>]) -> String {
        taken.iter().map(|(letter, _)| *letter).collect()
    }

    #[test]
    fn what_does_not_fit_waits_on() {
        let waiting = Letters::default();
        let _callers: Vec<_> = "abaca".chars().map(|letter| waiting.add(letter)).collect();
        let take = || {
            let mut taken = HashSet::new();
            letters(&waiting.take(32, |letter| taken.insert(*letter)))
        };
        assert_eq!(take(), "abc");
        assert_eq!(take(), "a");
        assert!(!waiting.is_empty());
        assert_eq!(take(), "a");
        assert!(waiting.is_empty() && take().is_empty());
    }

    #[test]
    fn a_group_is_bounded_and_those_who_went_away_are_in_none() {
        let waiting = Letters::default();
        let mut callers: Vec<_> = "abcdefgh".chars().map(|letter| waiting.add(letter)).collect();
        callers.remove(1);
        let groups = std::iter::from_fn(|| Some(letters(&waiting.take(3, |_| true))).filter(|group| !group.is_empty()));
        assert_eq!(groups.collect::<Vec<_>>(), ["acd", "efg", "h"]);
    }
}
