//! Limits of requests in a time, as sliding windows on the fake's clock.

use std::collections::VecDeque;

use chrono::{DateTime, Duration, Utc};

/// How a limit was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// How many requests it allows in its time.
    pub limit: usize,
    /// The most requests that arrived in any such time, refused ones included.
    pub highest: usize,
    /// How many were refused by it.
    pub refused: usize,
}

/// One limit.
pub(super) struct Window {
    span: Duration,
    taken: VecDeque<DateTime<Utc>>,
    arrived: VecDeque<DateTime<Utc>>,
    refusals: VecDeque<DateTime<Utc>>,
    usage: Usage,
}

impl Window {
    pub fn new(limit: usize, span: Duration) -> Self {
        let usage = Usage { limit, highest: 0, refused: 0 };
        Self { span, taken: VecDeque::new(), arrived: VecDeque::new(), refusals: VecDeque::new(), usage }
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }

    pub fn set_limit(&mut self, limit: usize) {
        self.usage.limit = limit;
    }

    /// How many more it would take now.
    pub fn left(&self) -> usize {
        self.usage.limit.saturating_sub(self.taken.len())
    }

    /// A request arrives: taken, or the seconds until one will be.
    pub fn take(&mut self, now: DateTime<Utc>) -> Result<(), i64> {
        for times in [&mut self.taken, &mut self.arrived, &mut self.refusals] {
            while times.front().is_some_and(|time| *time + self.span <= now) {
                times.pop_front();
            }
        }
        self.arrived.push_back(now);
        self.usage.highest = self.usage.highest.max(self.arrived.len());
        if self.taken.len() < self.usage.limit {
            self.taken.push_back(now);
            return Ok(());
        }
        self.usage.refused += 1;
        self.refusals.push_back(now);
        let free = self.taken.front().map_or(now, |time| *time) + self.span - now;
        Err((free + Duration::milliseconds(999)).num_seconds().max(1))
    }

    /// How many it refused within its time, up to the last request.
    pub fn refused_lately(&self) -> usize {
        self.refusals.len()
    }

    /// Refuses everything for a whole time from now on, as for a client that doesn't stop.
    pub fn block(&mut self, now: DateTime<Utc>) {
        self.taken.clear();
        self.taken.extend(std::iter::repeat_n(now, self.usage.limit));
    }
}
