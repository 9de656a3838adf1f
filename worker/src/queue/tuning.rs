//! The settings of one queue's worker. Only the supervisor and the worker read them.
//!
//! Measured on two cores with a handler that does nothing: 32 slots and a batch of 32 record 3,500 to 8,000 jobs per
//! second on SQLite (WAL, `synchronous = FULL`) and 2,800 to 5,000 on PostgreSQL (no fsync); a pushed job starts after
//! 1 to 4 ms (median), one pushed by another process within `idle_poll`; idling costs 0.2 % of a core.

use std::time::Duration;

use super::QueueError;

/// How a worker runs. The defaults are for production; tests shorten the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Jobs that run at the same time in this process.
    pub concurrency: usize,
    /// Jobs fetched at once. More is faster, but other processes can't take a fetched job.
    pub batch: usize,
    /// The longest pause between two polls of an idle queue. Jobs pushed in this process are seen at once; this is how long
    /// a job from another process may wait.
    pub idle_poll: Duration,
    /// How often a worker sends a heartbeat, and looks for jobs of dead workers. Whole seconds.
    pub heartbeat: Duration,
    /// Silence after which a worker counts as dead and its jobs go to others. Whole heartbeats.
    pub orphan_after: Duration,
    /// If jobs wait, slots are free and nothing was started for this long, the worker is replaced.
    pub stall_after: Duration,
    /// A job that takes longer is stopped and counts as failed. A last resort: handlers have their own limits.
    pub job_timeout: Duration,
    /// How long running jobs may take to finish when the queue is stopped.
    pub drain: Duration,
    /// A job whose worker died this often while running it is not started again: it is likely the cause.
    pub max_starts: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            concurrency: 32,
            batch: 32,
            idle_poll: Duration::from_millis(500),
            heartbeat: Duration::from_secs(10),
            orphan_after: Duration::from_secs(40),
            stall_after: Duration::from_secs(20),
            job_timeout: Duration::from_mins(5),
            drain: Duration::from_secs(6),
            max_starts: 5,
        }
    }
}

impl Tuning {
    /// For the queue of one outside system: few jobs at a time, so that the system is not flooded and a hang costs little. More are
    /// fetched at once, because fetching and recording cost one statement per batch: `make bench` shows the gain.
    pub fn of_system() -> Self {
        Self { concurrency: 8, batch: 32, ..Self::default() }
    }

    /// # Errors
    /// [`QueueError::Tuning`] if settings contradict each other or apalis would misread them.
    pub(super) fn check(&self) -> Result<(), QueueError> {
        let wrong = if self.concurrency == 0 || self.batch == 0 || self.max_starts == 0 {
            "concurrency, batch and max_starts must be at least 1"
        } else if self.concurrency > self.batch * 2 {
            // apalis sends two messages per job through a channel of four batches, which nobody reads while it drains.
            "concurrency must be at most twice the batch"
        } else if self.heartbeat.as_secs() == 0 || self.heartbeat.subsec_nanos() != 0 {
            "heartbeat must be whole seconds"
        } else if self.missed_heartbeats() < 2 {
            "orphan_after must be at least two heartbeats"
        } else if self.idle_poll.is_zero() || self.stall_after.is_zero() {
            "idle_poll and stall_after must not be zero"
        } else {
            return Ok(());
        };
        Err(QueueError::Tuning(wrong))
    }

    /// [`Self::orphan_after`] as apalis counts it.
    pub(super) fn missed_heartbeats(&self) -> usize {
        usize::try_from(self.orphan_after.as_secs() / self.heartbeat.as_secs().max(1)).unwrap_or(usize::MAX)
    }
}
