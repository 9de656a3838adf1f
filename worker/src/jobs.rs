//! What the jobs on the queue do: find the chore that a job names, and have the domain carry it out.

use std::time::Duration;

use domain::chores::{self, Chore};
use domain::{Ctx, Error};
use entity::IncidentId;

use crate::queue::{Job, Queue};

/// For how long finished jobs are kept, and with them the keys that keep work from being done twice.
const KEPT: Duration = Duration::from_hours(24);

/// Carries out `job`.
///
/// # Errors
/// What the domain says; the queue counts it, and the chore falls due again by itself.
pub async fn carry_out(ctx: Ctx, queue: Queue, job: Job) -> Result<(), Error> {
    match job {
        Job::Expire => {
            chores::carry_out(&ctx, Chore::Expire).await?;
            queue.purge(KEPT).await.map_err(Error::internal)?;
            Ok(())
        }
        Job::VerifyChain(incident) => chores::carry_out(&ctx, Chore::VerifyChain { incident: IncidentId(incident) }).await,
    }
}
