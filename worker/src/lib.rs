//! The edge to the outside: what Muster does on its own, on apalis queues.
//!
//! `cli` runs a [`Worker`] in `muster serve` and `muster worker`. [`reminder_loop`] reminds people of what is due; a [`tick`] puts chores on
//! the main [`queue`]; the [`relay`] puts deliveries on the queues of their systems; [`jobs`] carry out both, deliveries through the
//! system's outlet ([`outlets`]). A system that refuses our credentials is put on hold until they work ([`holds`]). Any number of
//! workers may run on one PostgreSQL database.
//!
//! Invariants: a job carries ids only; dates, attempts and outcomes are the domain's rows; every job may run twice.

mod holds;
mod jobs;
pub mod outlets;
pub mod queue;
mod relay;
mod reminder_loop;
mod tick;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Boards, ClientDirectory, Outlet};
use domain::telling::schedule;
use domain::{Ctx, Domain};
use entity::System;
use futures_util::future::try_join_all;
use queue::{Queue, QueueError, Tuning};
use tokio_util::sync::CancellationToken;

/// The outlets of the connected systems.
pub type Outlets = BTreeMap<System, Arc<dyn Outlet>>;

/// All connections to outside systems.
#[derive(Clone, Default)]
pub struct Connections {
    /// Carry out effects.
    pub outlets: Outlets,
    /// Source of clients and their contacts.
    pub clients: Option<Arc<dyn ClientDirectory>>,
    /// Where follow-ups have their cards.
    pub boards: Option<Arc<dyn Boards>>,
}

impl From<Outlets> for Connections {
    fn from(outlets: Outlets) -> Self {
        Self { outlets, ..Self::default() }
    }
}

/// Pause before rescheduling is tried again.
const RESCHEDULE_PAUSE: Duration = Duration::from_secs(5);

/// Jobs of the main queue that run at once. Few: chores can wait, people working on the same machine can't.
const IN_BACKGROUND: usize = 3;

/// One worker process.
pub struct Worker {
    domain: Arc<Domain>,
    queue: Queue,
    systems: BTreeMap<System, (Queue, Arc<dyn Outlet>)>,
    connections: Connections,
    tuning: Tuning,
}

impl Worker {
    /// A worker on the database of `domain`, whose queue tables are migrated. Deliveries to systems without an outlet wait for another
    /// worker.
    ///
    /// # Errors
    /// [`QueueError::Unsupported`].
    pub fn new(domain: Arc<Domain>, connections: impl Into<Connections>, tuning: Tuning) -> Result<Self, QueueError> {
        let queue = Queue::new(domain.db.write())?;
        let connections = connections.into();
        let systems = connections
            .outlets
            .iter()
            .map(|(system, outlet)| Ok((*system, (Queue::named(domain.db.write(), format!("muster-{system}"))?, outlet.clone()))))
            .collect::<Result<_, QueueError>>()?;
        Ok(Self { domain, queue, systems, connections, tuning })
    }

    /// Works until `shutdown`, then lets running jobs finish.
    ///
    /// # Errors
    /// [`QueueError::Tuning`]. An unavailable database is not an error: it waits.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), QueueError> {
        let Self { domain, queue, systems, connections, tuning } = self;
        let ctx = domain.system();
        let queues = systems.iter().map(|(system, (queue, _))| (*system, queue.clone())).collect();
        let background = async {
            tokio::join!(
                tick::run(ctx.clone(), queue.clone(), shutdown.clone()),
                reminder_loop::run(ctx.clone(), shutdown.clone()),
                relay::run(ctx.clone(), queues, shutdown.clone()),
                keep_schedule(ctx.clone(), shutdown.clone()),
                holds::run(ctx.clone(), connections.outlets.clone(), shutdown.clone()),
            )
        };
        let in_background = Tuning { concurrency: tuning.concurrency.min(IN_BACKGROUND), ..tuning.clone() };
        let main = queue.run(
            {
                let (ctx, queue, connections) = (ctx.clone(), queue.clone(), connections.clone());
                move |job| {
                    let (ctx, queue, connections) = (ctx.clone(), queue.clone(), connections.clone());
                    async move { jobs::told(jobs::carry_out(&ctx, &queue, &connections, job).await) }
                }
            },
            in_background,
            shutdown.clone(),
        );
        let of_system = Tuning::of_system();
        let outside = try_join_all(systems.into_values().map(|(queue, outlet)| {
            let (ctx, shutdown) = (ctx.clone(), shutdown.clone());
            let tuning = Tuning { concurrency: of_system.concurrency, batch: of_system.batch, ..tuning.clone() };
            let deliver = move |job| {
                let (ctx, outlet) = (ctx.clone(), outlet.clone());
                async move { jobs::told(jobs::deliver(&ctx, &*outlet, job).await) }
            };
            async move { queue.run(deliver, tuning, shutdown).await }
        }));
        let (_, main, outside) = tokio::join!(background, main, outside);
        main.and(outside.map(drop))
    }
}

/// Reschedules reminders: at start, because the playbook may have changed meanwhile, and whenever it changes.
async fn keep_schedule(ctx: Ctx, shutdown: CancellationToken) {
    loop {
        match shutdown.run_until_cancelled(schedule::reschedule(&ctx)).await {
            None => return,
            Some(Ok(moved)) => {
                tracing::debug!(moved, "rescheduled reminders by the playbook");
                if shutdown.run_until_cancelled(ctx.playbook_replaced.notified()).await.is_none() {
                    return;
                }
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "could not reschedule reminders; trying again");
                shutdown.run_until_cancelled(tokio::time::sleep(RESCHEDULE_PAUSE)).await;
            }
        }
    }
}
