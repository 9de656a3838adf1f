//! Keeps within a vendor's rate limit.
//!
//! This is an exact sliding window, unlike the token bucket (GCRA) of the usual crates: a bucket that allows the full burst lets up to
//! twice the limit through within one window, which vendors refuse; one that allows none spreads even a few requests over the whole
//! window, and a client update should leave at once.
//!
//! The vendor counts a request at some time between our sending it and our getting the answer. So a turn is held while it is used and
//! counts for one window from its end: however slow the network, the vendor never sees more than the limit in any window.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long a caller waits for a turn. One that would have to wait longer is told when to come back, and occupies no slot meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// At most a given number of requests in any window.
pub struct Pace {
    most: usize,
    window: Duration,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    under_way: usize,
    /// When this window's turns ended, oldest first.
    ended: VecDeque<Instant>,
    /// When callers that were turned away will come back.
    promised: VecDeque<Instant>,
    quiet_until: Option<Instant>,
}

/// No turn soon enough: come back after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowded(pub Duration);

/// The right to send one request. Hold it until the answer is there. Dropped without [`Turn::spend`], it doesn't count.
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

    /// A turn, now or within a few seconds. Cancel-safe.
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
            // Woken early when a turn is returned.
            let _ = timeout_at(at, freed).await;
        }
    }

    /// Gives no turns for this long, as the vendor asked.
    pub fn keep_quiet(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        state.quiet_until = Some(state.quiet_until.map_or(until, |known| known.max(until)));
    }

    /// Whether it is idle and can be forgotten.
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
        // Callers come back one by one as turns become free, rather than all at the first.
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

    /// When there is a turn for a caller with `before` others ahead, if what is under way ends now.
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
    /// The pace it belongs to.
    pub fn pace(&self) -> &'a Pace {
        self.pace
    }

    /// A request is being sent: the turn counts.
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
        assert!(*sent.last().unwrap() - sent[0] < seconds(45), "and little of the limit is wasted");
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
    async fn a_caller_that_would_wait_long_is_given_its_own_time_to_come_back() {
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
        assert!(pace.turn().await.is_ok(), "a wait of five seconds is accepted");
    }

    #[tokio::test(start_paused = true)]
    async fn an_unspent_turn_does_not_count() {
        let pace = Pace::new(1, MINUTE);
        drop(pace.turn().await.unwrap());
        assert!(pace.turn().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_stops_waiting_uses_no_turn() {
        let pace = Pace::new(1, seconds(5));
        send(&pace).await;
        assert!(tokio::time::timeout(seconds(1), pace.turn()).await.is_err());
        let start = Instant::now();
        send(&pace).await;
        assert_eq!(start.elapsed().as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_during_a_pause() {
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
