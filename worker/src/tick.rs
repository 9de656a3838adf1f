//! The heartbeat: every second, what is due goes onto the queue.
//!
//! Several workers tick side by side; the queue takes each piece of work once by its key, and a piece that got lost is due
//! again at the next tick.

use std::time::Duration;

use domain::chores::{self, Chore};
use domain::{Ctx, Error, reminders};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::queue::{Job, Queue};

const EVERY: Duration = Duration::from_secs(1);
/// A tick that takes longer hangs; the next one starts afresh.
const PATIENCE: Duration = Duration::from_secs(30);

/// Incidents whose people are reminded at one tick; the rest is due at the next.
const REMINDERS: u64 = 1_000;
/// A reminder that was put on the queue and not given is put there again after at most so long: its job may have failed.
const SECONDS_ON_QUEUE: i64 = 30;

/// Ticks until `shutdown`.
pub async fn run(ctx: Ctx, queue: Queue, shutdown: CancellationToken) {
    let mut heartbeat = tokio::time::interval(EVERY);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(heartbeat.tick()).await.is_some() {
        let outcome = tokio::time::timeout(PATIENCE, tick(&ctx, &queue)).await;
        metrics::counter!("muster_ticks_total").increment(1);
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a tick failed; the next one tries again"),
            Err(_) => tracing::warn!("a tick took too long and was given up"),
        }
    }
}

/// Puts what is due on the queue.
async fn tick(ctx: &Ctx, queue: &Queue) -> Result<(), Error> {
    let reminders = reminders::due(ctx, REMINDERS).await?;
    if !reminders.is_empty() {
        let patience = ctx.now().timestamp() / SECONDS_ON_QUEUE;
        let key = |due: &reminders::Due| format!("remind:{}:{}:{patience}", due.incident, due.since.timestamp_micros());
        let jobs: Vec<_> = reminders.iter().map(|due| Job::Remind(due.incident.0).keyed(key(due))).collect();
        queue.push(&jobs).await?;
    }
    let batch = chores::due(ctx).await?;
    let jobs: Vec<_> = batch.due.iter().map(|due| job(due.chore).keyed(due.key.clone())).collect();
    queue.push(&jobs).await?;
    chores::handed_over(ctx, &batch).await
}

fn job(chore: Chore) -> Job {
    match chore {
        Chore::Expire => Job::Expire,
        Chore::VerifyChain { incident } => Job::VerifyChain(incident.0),
    }
}
