//! Puts deliveries that are due onto the queues of their systems.
//!
//! Runs alongside the tick, and immediately after a commit in this process that adds a delivery. A row is marked as queued in the
//! transaction that queues it; if its job is lost anyway, it falls due again, so this is also the sweep.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::delivery::{self, hold};
use domain::{Ctx, Error};
use entity::System;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::queue::{Job, Keyed, Queue};

/// How often the table is polled.
const EVERY: Duration = Duration::from_secs(1);
/// Deliveries queued per transaction.
const PORTION: u64 = 200;
/// A poll that takes longer is stuck and is abandoned.
const PATIENCE: Duration = Duration::from_secs(30);

/// Relays until `shutdown`.
pub async fn run(ctx: Ctx, queues: BTreeMap<System, Queue>, shutdown: CancellationToken) {
    if queues.is_empty() {
        return;
    }
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = look.tick() => {}
            () = ctx.outbox.notified() => {}
        }
        match tokio::time::timeout(PATIENCE, drain(&ctx, &queues)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not queue deliveries; the next poll tries again"),
            Err(_) => tracing::warn!("queueing deliveries took too long and was abandoned"),
        }
    }
}

/// Relays until nothing is due.
async fn drain(ctx: &Ctx, queues: &BTreeMap<System, Queue>) -> Result<(), Error> {
    let held: Vec<System> = hold::held(ctx).await?.into_iter().map(|row| row.system).collect();
    let systems: Vec<System> = queues.keys().copied().filter(|system| !held.contains(system)).collect();
    while delivery::anything_due(ctx, &systems).await? {
        let tx = ctx.db.begin().await?;
        let due = delivery::take_due(ctx, &tx, &systems, PORTION).await?;
        let now = ctx.now().timestamp_micros();
        for (system, queue) in queues {
            let jobs: Vec<Keyed> = due
                .iter()
                .filter(|due| due.system == *system)
                .map(|due| Job::Deliver(due.id.0).keyed(format!("{}:{now}", due.id)))
                .collect();
            if !jobs.is_empty() {
                queue.push_on(&tx, &jobs).await?;
            }
        }
        tx.commit().await?;
        queues.values().for_each(Queue::ring);
        if due.is_empty() {
            break;
        }
    }
    Ok(())
}
