//! Notices heartbeats and sources of alerts that fell silent, as soon as they are due.
//!
//! Each worker looks every second, which is one or two reads while all is well. What is due, and what then happens, is decided in
//! [`domain::heartbeats`]; what a worker took and did not tell is due again by itself.

use std::time::Duration;

use domain::{Ctx, Error, heartbeats};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const EVERY: Duration = Duration::from_secs(1);
/// A look that takes longer is stuck and is abandoned.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until `shutdown`.
pub async fn run(ctx: Ctx, shutdown: CancellationToken) {
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        // A task of its own, so that a panic costs a look and not the worker.
        let looked = AbortOnDropHandle::new(tokio::spawn(look_at_all(ctx.clone(), shutdown.clone())));
        match tokio::time::timeout(PATIENCE, looked).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "could not look for silent heartbeats; they fall due again"),
            Ok(Err(error)) => tracing::error!(%error, "looking for silent heartbeats panicked; they fall due again"),
            Err(_) => tracing::warn!("looking for silent heartbeats took too long and was abandoned; they fall due again"),
        }
    }
}

async fn look_at_all(ctx: Ctx, shutdown: CancellationToken) -> Result<(), Error> {
    while !shutdown.is_cancelled() && Box::pin(heartbeats::look(&ctx)).await? {}
    Ok(())
}
