//! The edge to the outside: what Muster does by itself, on the apalis queue.
//!
//! `cli` runs a [`Worker`] in `muster serve` and `muster worker`. A [`tick`] asks the domain what is due and puts it on the
//! [`queue`]; [`jobs`] carry it out. Any number of workers may run on one PostgreSQL.
//!
//! Invariants: a job carries ids only; dates, attempts and outcomes are the domain's rows; every job may run twice.

mod jobs;
pub mod queue;
mod tick;

use std::sync::Arc;

use domain::Domain;
use tokio_util::sync::CancellationToken;

use queue::{Queue, QueueError, Tuning};

/// One worker process.
pub struct Worker {
    domain: Arc<Domain>,
    queue: Queue,
    tuning: Tuning,
}

impl Worker {
    /// A worker on the database of `domain`, whose queue is migrated.
    ///
    /// # Errors
    /// [`QueueError::Unsupported`].
    pub fn new(domain: Arc<Domain>, tuning: Tuning) -> Result<Self, QueueError> {
        let queue = Queue::new(domain.db.write())?;
        Ok(Self { domain, queue, tuning })
    }

    /// Works until `shutdown`, then lets running jobs finish.
    ///
    /// # Errors
    /// [`QueueError::Tuning`]. A database that is away is waited for.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), QueueError> {
        let Self { domain, queue, tuning } = self;
        let ticking = tick::run(domain.system(), queue.clone(), shutdown.clone());
        let handler = {
            let (ctx, queue) = (domain.system(), queue.clone());
            move |job| jobs::carry_out(ctx.clone(), queue.clone(), job)
        };
        let ((), worked) = tokio::join!(ticking, queue.run(handler, tuning, shutdown));
        worked
    }
}
