//! The heartbeat: every second, chores that are due go onto the queue.
//!
//! Several workers tick side by side; the queue takes each chore once, by its key, and a lost one is due again at the next tick.

use std::time::Duration;

use domain::chores::{self, Chore};
use domain::{Ctx, Error};
use entity::System;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::queue::{Job, Queue};

const EVERY: Duration = Duration::from_secs(1);
/// A tick that takes longer is stuck and is abandoned.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ticks until `shutdown`.
pub async fn run(ctx: Ctx, queue: Queue, shutdown: CancellationToken) {
    let mut heartbeat = tokio::time::interval(EVERY);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(heartbeat.tick()).await.is_some() {
        let outcome = tokio::time::timeout(PATIENCE, tick(&ctx, &queue)).await;
        metrics::counter!("muster_ticks_total").increment(1);
        metrics::gauge!("muster_last_tick_timestamp_seconds").set(unix_seconds(&ctx));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a tick failed; the next one tries again"),
            Err(_) => tracing::warn!("a tick took too long and was abandoned"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and milliseconds of this century fit")]
fn unix_seconds(ctx: &Ctx) -> f64 {
    ctx.now().timestamp_millis() as f64 / 1000.0
}

/// Puts what is due on the queue.
async fn tick(ctx: &Ctx, queue: &Queue) -> Result<(), Error> {
    let batch = chores::due(ctx).await?;
    let jobs: Vec<_> = batch.due.iter().filter_map(|due| Some(job(due.chore)?.keyed(due.key.clone()))).collect();
    queue.push(&jobs).await?;
    chores::handed_over(ctx, &batch).await
}

fn job(chore: Chore) -> Option<Job> {
    match chore {
        Chore::Expire => Some(Job::Expire),
        Chore::VerifyChain { incident } => Some(Job::VerifyChain(incident.0)),
        Chore::Sync { system: System::Zendesk } => Some(Job::SyncZendesk),
        Chore::Sync { system: System::Trello } => Some(Job::SyncTrello),
        // The domain lists the systems to be synchronised, and there are no others.
        Chore::Sync { .. } => None,
    }
}
