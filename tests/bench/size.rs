//! How much is measured.

use std::time::Duration;

/// The sizes of one run.
#[derive(Clone, Copy)]
pub struct Size {
    /// Numbers of incidents for board, page and append.
    pub scales: &'static [usize],
    /// Rounds of each work, of which the middle one counts.
    pub rounds: usize,
    /// How long a round takes.
    pub round: Duration,
    /// Starts of the server.
    pub starts: usize,
    /// Incidents where their number does not matter.
    pub few: usize,
    /// Subscribers of one incident, and for how many seconds it gets events.
    pub subscribers: usize,
    pub watched: u32,
    /// Incidents that are live, and those of them that fall due at once.
    pub live: usize,
    pub at_once: usize,
    /// Deliveries that wait when the worker starts.
    pub waiting: usize,
    /// Clients that get an update.
    pub clients: usize,
    /// How long it is watched whether anybody sees what is stale.
    pub watched_for_stale: Duration,
}

impl Size {
    /// What docs/benchmarks.md is made with.
    pub const WHOLE: Self = Self {
        scales: &[1_000, 10_000, 100_000],
        rounds: 5,
        round: Duration::from_secs(2),
        starts: 5,
        few: 1_000,
        subscribers: 500,
        watched: 10,
        live: 10_000,
        at_once: 1_000,
        waiting: 3_000,
        clients: 200,
        watched_for_stale: Duration::from_mins(10),
    };

    /// One scale and short rounds.
    pub const QUICK: Self = Self {
        scales: &[1_000],
        rounds: 3,
        round: Duration::from_secs(1),
        watched: 3,
        watched_for_stale: Duration::from_mins(1),
        ..Self::WHOLE
    };

    /// Everything once, in seconds: it shows that the bench works, and its figures mean nothing.
    pub const SMOKE: Self = Self {
        scales: &[600],
        rounds: 1,
        round: Duration::from_millis(200),
        starts: 1,
        few: 100,
        subscribers: 20,
        watched: 1,
        live: 100,
        at_once: 16,
        waiting: 100,
        clients: 20,
        watched_for_stale: Duration::from_secs(1),
    };
}
