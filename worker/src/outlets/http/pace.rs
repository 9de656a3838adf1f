//! Keeps within a vendor's limit of so many requests in so much time.
//!
//! This is an exact sliding window, not a token bucket (GCRA), as the usual crates have it: a bucket that lets the whole number go at
//! once lets through up to twice as many within one window, which vendors refuse; one that never does so spreads even a few requests
//! over the whole window, and an update to clients should leave at once.
//!
//! The vendor counts a request at some time between our sending it and our having the answer. So a turn is held while it is used and
//! counts for one window from its end: however slow the network, the vendor never sees more than the limit in any window.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long one waits for a turn. Who would wait longer is sent away with the time to come back, and occupies no slot meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// At most so many requests in any window.
pub struct Pace {
    most: usize,
    window: Duration,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    under_way: usize,
    /// When turns of this window ended, the oldest first.
    ended: VecDeque<Instant>,
    /// When those come back who were sent away.
    promised: VecDeque<Instant>,
    quiet_until: Option<Instant>,
}

/// The turn is too far away: come back after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowded(pub Duration);

/// The right to send one request. Hold it until the answer is there. Dropped without [`Turn::spend`], it counts for nothing.
#[must_use]
pub struct Turn<'a> {
    pace: &'a Pace,
    spent: bool,
}

impl Pace {
    /// At most `most` requests (at least one) in any `window`.
    pub fn new(most: usize, window: Duration) -> Self {
        Self { most: most.max(1), window, state: Mutex::default(), freed: Notify::new() }
    }

    /// A turn, now or within a few seconds. May be given up while it waits.
    ///
    /// # Errors
    /// [`Crowded`].
    pub async fn turn(&self) -> Result<Turn<'_>, Crowded> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let freed = self.freed.notified();
            let at = match self.try_turn(patience) {
                Next::Turn(turn) => return Ok(turn),
                Next::Away(pause) => return Err(Crowded(pause)),
                Next::At(at) => at,
            };
            // Woken early when a turn was given back.
            let _ = timeout_at(at, freed).await;
        }
    }

    /// Nobody gets a turn for this long: the vendor asked for it.
    pub fn keep_quiet(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        state.quiet_until = Some(state.quiet_until.map_or(until, |known| known.max(until)));
    }

    /// Whether nothing of it need be remembered.
    pub fn rests(&self) -> bool {
        let mut state = self.lock();
        state.forget(Instant::now(), self.window);
        state.under_way == 0 && state.ended.is_empty() && state.quiet_until.is_none()
    }

    fn try_turn(&self, patience: Instant) -> Next<'_> {
        let now = Instant::now();
        let mut state = self.lock();
        state.forget(now, self.window);
        let at = state.free_at(0, now, self);
        if at <= now {
            state.under_way += 1;
            return Next::Turn(Turn { pace: self, spent: false });
        }
        if at <= patience {
            return Next::At(at);
        }
        // One after the other, as turns become free, rather than all at the first.
        let at = state.free_at(state.promised.len(), now, self);
        state.promised.push_back(at);
        Next::Away(at - now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Next<'a> {
    Turn(Turn<'a>),
    At(Instant),
    Away(Duration),
}

impl State {
    fn forget(&mut self, now: Instant, window: Duration) {
        while self.ended.front().is_some_and(|ended| *ended + window <= now) {
            self.ended.pop_front();
        }
        self.promised.retain(|at| *at > now);
        self.quiet_until = self.quiet_until.filter(|until| *until > now);
    }

    /// When there is a turn for somebody who lets `before` others go first, if what is under way ends now.
    fn free_at(&self, before: usize, now: Instant, pace: &Pace) -> Instant {
        let free = pace.most.saturating_sub(self.ended.len() + self.under_way);
        let at = match before.checked_sub(free) {
            None => now,
            Some(behind) => {
                let rounds = u32::try_from(behind / pace.most).unwrap_or(u32::MAX);
                let which = behind % pace.most;
                self.ended.get(which).copied().unwrap_or(now) + pace.window * rounds.saturating_add(1)
            }
        };
        self.quiet_until.map_or(at, |until| until.max(at))
    }
}

impl<'a> Turn<'a> {
    /// The pace that it is of.
    pub fn pace(&self) -> &'a Pace {
        self.pace
    }

    /// Something is sent now.
    pub fn spend(&mut self) {
        self.spent = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        {
            let mut state = self.pace.lock();
            state.under_way -= 1;
            if self.spent {
                state.ended.push_back(Instant::now());
            }
        }
        self.pace.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    async fn send(pace: &Pace) {
        pace.turn().await.unwrap().spend();
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_has_more_than_the_limit() {
        let pace = Pace::new(5, seconds(4));
        let mut sent: Vec<Instant> = Vec::new();
        for number in 0..40u64 {
            let mut turn = pace.turn().await.unwrap();
            turn.spend();
            sent.push(Instant::now());
            tokio::time::sleep(Duration::from_millis(37 * (number % 9))).await;
            drop(turn);
        }
        for (first, sixth) in sent.iter().zip(&sent[5..]) {
            assert!(*sixth - *first >= seconds(4), "{:?}", *sixth - *first);
        }
        assert!(*sent.last().unwrap() - sent[0] < seconds(45), "and it wastes little of it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_counts_from_its_end() {
        let pace = Pace::new(1, seconds(5));
        let start = Instant::now();
        let mut turn = pace.turn().await.unwrap();
        turn.spend();
        tokio::time::sleep(seconds(3)).await;
        drop(turn);
        send(&pace).await;
        assert_eq!(start.elapsed().as_secs(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_long_is_sent_away_to_a_turn_of_their_own() {
        let pace = Pace::new(2, MINUTE);
        send(&pace).await;
        tokio::time::sleep(seconds(20)).await;
        send(&pace).await;
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(pace.turn().await.err().unwrap().0.as_secs());
        }
        assert_eq!(told, [40, 60, 100, 120]);
        tokio::time::sleep(seconds(35)).await;
        assert!(pace.turn().await.is_ok(), "five seconds are waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_was_not_spent_counts_for_nothing() {
        let pace = Pace::new(1, MINUTE);
        drop(pace.turn().await.unwrap());
        assert!(pace.turn().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_stops_waiting_takes_nothing() {
        let pace = Pace::new(1, seconds(5));
        send(&pace).await;
        assert!(tokio::time::timeout(seconds(1), pace.turn()).await.is_err());
        let start = Instant::now();
        send(&pace).await;
        assert_eq!(start.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_speaks_while_it_is_quiet() {
        let pace = Pace::new(100, MINUTE);
        pace.keep_quiet(seconds(30));
        pace.keep_quiet(seconds(5));
        assert_eq!(pace.turn().await.err(), Some(Crowded(seconds(30))));
        tokio::time::sleep(seconds(25)).await;
        let start = Instant::now();
        assert!(pace.turn().await.is_ok());
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}
