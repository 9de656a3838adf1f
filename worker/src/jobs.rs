//! What the jobs on the queues do: look up what a job names, and have the domain or an outlet carry it out.

use std::time::Duration;

use domain::chores::{self, Chore};
use domain::ports::{Outlet, Refusal};
use domain::{Ctx, Error, clients, delivery, follow_up};
use entity::{DeliveryId, IncidentId};

use crate::Connections;
use crate::queue::{Job, Queue};

/// How long finished jobs are kept, and with them the keys that keep work from being done twice.
const KEPT: Duration = Duration::from_hours(24);

/// What to report about a job that failed. An unavailable database is not the job's fault: the work falls due again.
pub fn told(outcome: Result<(), Error>) -> Result<(), String> {
    match outcome {
        Err(error @ Error::Unavailable(_)) => {
            tracing::warn!(error = error.for_the_log(), "the database was not available for a job; it falls due again");
            Ok(())
        }
        outcome => outcome.map_err(|error| error.for_the_log()),
    }
}

/// Carries out a job of the main queue.
///
/// # Errors
/// The domain's errors. The queue counts them, and the work falls due again automatically.
pub async fn carry_out(ctx: &Ctx, queue: &Queue, connections: &Connections, job: Job) -> Result<(), Error> {
    match job {
        Job::Expire => {
            chores::carry_out(ctx, Chore::Expire).await?;
            queue.purge(KEPT).await?;
            Ok(())
        }
        Job::VerifyChain(incident) => chores::carry_out(ctx, Chore::VerifyChain { incident: IncidentId(incident) }).await,
        Job::SyncZendesk => match &connections.clients {
            Some(directory) => clients::directory::sync(ctx, &**directory).await,
            None => Ok(()),
        },
        Job::SyncTrello => match &connections.boards {
            Some(boards) => follow_up::reconcile(ctx, &**boards).await,
            None => Ok(()),
        },
        Job::Deliver(_) => Err(Error::internal("a delivery was on the main queue")),
    }
}

/// Attempts a delivery from a system's queue.
///
/// # Errors
/// The domain's errors. The delivery falls due again automatically.
pub async fn deliver(ctx: &Ctx, outlet: &dyn Outlet, job: Job) -> Result<(), Error> {
    let Job::Deliver(id) = job else { return Err(Error::internal("a job other than a delivery was on a system's queue")) };
    let Some(claim) = delivery::claim(ctx, DeliveryId(id)).await? else { return Ok(()) };
    let attempt = tokio::time::timeout(delivery::ATTEMPT, outlet.carry_out(&claim.order)).await;
    let silence = || Err(Refusal::Unclear(format!("there was no answer within {} seconds", delivery::ATTEMPT.as_secs())));
    delivery::record(ctx, &claim, attempt.unwrap_or_else(|_| silence())).await
}
