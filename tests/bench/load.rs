//! Many clients that ask again as soon as they are answered.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;

use crate::data::Random;
use crate::http::Connection;
use crate::work::{Scene, Work, check_success};

/// Clients at once.
pub const CONNECTIONS: usize = 16;

/// The result of a round.
pub struct Round {
    /// Answers a second.
    pub rate: f64,
    /// Time that 99 of 100 answers took at most, in milliseconds.
    pub p99: f64,
    /// Answers in all.
    pub answers: usize,
}

/// When clients stop asking.
#[derive(Clone, Copy)]
pub enum Until<'a> {
    /// After so long.
    Passed(Duration),
    /// As soon as this says so.
    Set(&'a Cell<bool>),
}

impl Until<'_> {
    fn is_over(self, begun: Instant) -> bool {
        match self {
            Self::Passed(duration) => begun.elapsed() >= duration,
            Self::Set(over) => over.get(),
        }
    }
}

/// Lets all clients do `work` at the server at `address`, by turns as the people with these `tokens`. Every answer is checked.
pub async fn round(address: SocketAddr, tokens: &[String], scene: &Scene, work: Work, until: Until<'_>, seed: u64) -> Result<Round> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    let begun = Instant::now();
    let last = Cell::new(begun);
    let clients = connections.into_iter().zip(tokens.iter().cycle()).zip(0..).map(|((mut connection, token), number)| {
        let last = &last;
        async move {
            let mut random = Random::new(seed * 1_000 + number);
            let mut times = Vec::new();
            while !until.is_over(begun) {
                let body = scene.request(work, &mut random);
                let sent = Instant::now();
                check_success(connection.post(token, &body).await?)?;
                times.push(sent.elapsed());
            }
            last.set(last.get().max(Instant::now()));
            anyhow::Ok(times)
        }
    });
    let mut times: Vec<Duration> = try_join_all(clients).await?.concat();
    times.sort();
    let rate = times.len() as f64 / (last.get() - begun).as_secs_f64();
    Ok(Round { rate, p99: percentile(&times, 99), answers: times.len() })
}

/// The time, in milliseconds, below which `percent` of the sorted `times` lie.
pub fn percentile(times: &[Duration], percent: usize) -> f64 {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}

/// The middle one of `values`.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
