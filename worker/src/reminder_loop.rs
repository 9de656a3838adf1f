//! Reminds people of what the playbook asks for, as soon as it falls due.
//!
//! Each worker polls every second and takes what is due in portions, one at a time: reminders can wait a little, people working on the
//! same machine and database can't (see `make bench`). Reminders that a worker took but didn't send fall due again automatically, so no
//! queue is needed.

use std::time::Duration;

use domain::telling::reminders;
use domain::{Ctx, Error};
use sea_orm::DbBackend;
use tokio::time::{Instant, MissedTickBehavior, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const EVERY: Duration = Duration::from_secs(1);
/// How long it rests after a portion, as a multiple of the time the portion took: a thousand reminders then leave others some 0.9 of their
/// rate and are sent within ten seconds. On SQLite, where nobody else can write during a portion, it rests longer.
const REST: f64 = 1.0;
const REST_OF_ONE_WRITER: f64 = 5.0;
/// A portion that takes longer is stuck and is abandoned.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reminds until `shutdown`.
pub async fn run(ctx: Ctx, shutdown: CancellationToken) {
    let rest = if ctx.db.backend() == DbBackend::Sqlite { REST_OF_ONE_WRITER } else { REST };
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        while !shutdown.is_cancelled() {
            let begun = Instant::now();
            // A task of its own, so that a panic costs a portion and not the worker.
            let portion = AbortOnDropHandle::new(tokio::spawn(remind(ctx.clone())));
            match tokio::time::timeout(PATIENCE, portion).await {
                Ok(Ok(Ok(true))) => {
                    shutdown.run_until_cancelled(sleep(begun.elapsed().mul_f64(rest))).await;
                }
                Ok(Ok(Ok(false))) => break,
                Ok(Ok(Err(error))) => {
                    tracing::warn!(%error, "could not send reminders; they fall due again");
                    break;
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "sending reminders panicked; they fall due again");
                    break;
                }
                Err(_) => {
                    tracing::warn!("sending reminders took too long and was abandoned; they fall due again");
                    break;
                }
            }
        }
    }
}

/// Returns whether there was anything to send.
async fn remind(ctx: Ctx) -> Result<bool, Error> {
    Ok(reminders::anything_due(&ctx).await? && reminders::remind_some(&ctx).await?)
}
