//! Tests the systems that are on hold, and resumes them once they accept our credentials again: after a restart with new settings, or
//! after an administrator has fixed things there.

use std::time::Duration;

use domain::delivery::{hold, release};
use domain::{Ctx, Error};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::Outlets;

/// How often a held system is tested. Rarely enough not to get the account locked.
const EVERY: Duration = Duration::from_mins(1);
/// How long a test may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tests until `shutdown`, starting at once.
pub async fn run(ctx: Ctx, outlets: Outlets, shutdown: CancellationToken) {
    let mut look = tokio::time::interval(EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(look.tick()).await.is_some() {
        match shutdown.run_until_cancelled(test(&ctx, &outlets)).await {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "could not find out which systems are on hold; trying again later"),
        }
    }
}

async fn test(ctx: &Ctx, outlets: &Outlets) -> Result<(), Error> {
    for row in hold::held(ctx).await?.into_iter().filter(|row| !row.by_hand) {
        let Some(outlet) = outlets.get(&row.system) else { continue };
        let Ok(findings) = tokio::time::timeout(PATIENCE, outlet.check()).await else { continue };
        match findings.iter().find_map(|finding| finding.problem.as_ref()) {
            None => {
                tracing::info!(system = %row.system, "the system accepts our credentials again; deliveries resume");
                release(ctx, row.system).await?;
            }
            Some(problem) => {
                tracing::error!(system = %row.system, since = %row.since, %problem, "our credentials are refused; nothing is sent there");
            }
        }
    }
    Ok(())
}
