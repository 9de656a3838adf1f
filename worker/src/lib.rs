//! The edge to the outside: what Muster does on its own, as apalis workers.
//!
//! `cli` runs a [`Worker`] in `muster serve` and `muster worker`. [`reminder_loop`] reminds people of what is due; [`heartbeat_loop`] notices what
//! fell silent; [`work`] has the deliveries of each system carried out through its outlet ([`outlets`]), events posted to endpoints, and the
//! chores, straight from their rows ([`source`]). A system that refuses our credentials is put on hold until they work ([`holds`]). [`chat`]
//! keeps the team's chat in step and does what people ask for there. [`alerts`] asks Alertmanager and Grafana what they did not tell, and
//! [`topics`] verifies what comes from Amazon SNS; [`mailbox`] reads mailboxes whose mails mean alerts, [`ops_docs`] the team's ops docs,
//! [`airtable`] its sites; [`oidc`] signs people in for `api`; [`traces`] tells a collector what was done. Any number of workers may run on one PostgreSQL
//! database.
//!
//! Invariants: dates, attempts and outcomes are the domain's rows, and nothing else is a queue; every piece of work may run twice.

pub mod airtable;
pub mod alerts;
mod chat;
mod heartbeat_loop;
mod holds;
pub mod mailbox;
pub mod oidc;
pub mod ops_docs;
pub mod outlets;
mod reminder_loop;
mod source;
pub mod topics;
pub mod traces;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ports::{Boards, ClientDirectory, Outlet, TeamChat};
use domain::telling::schedule;
use domain::{Ctx, Domain};
use entity::System;
use futures_util::future::join_all;
use outlets::endpoint::Endpoints;
use outlets::slack::{SlackOutlet, socket};
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
    /// What notifies of alerts, and can be asked.
    pub monitors: Vec<Arc<alerts::Monitor>>,
    /// Mailboxes whose mails mean alerts.
    pub mailboxes: Vec<Arc<mailbox::Mailbox>>,
    /// Where the ops docs are.
    pub ops_docs: Option<Arc<ops_docs::OpsDocs>>,
    /// Where the sites are.
    pub airtable: Option<Arc<airtable::Airtable>>,
    /// Where events are posted to.
    pub endpoints: Option<Arc<Endpoints>>,
    /// The team's chat.
    pub chat: Option<Arc<dyn TeamChat>>,
    /// The same, where it is Slack and is listened to by a socket.
    pub socket: Option<Arc<SlackOutlet>>,
}

impl From<Outlets> for Connections {
    fn from(outlets: Outlets) -> Self {
        Self { outlets, ..Self::default() }
    }
}

/// How often the clock is compared with the time that passed, and how far they may part meanwhile.
const CLOCK_LOOK: Duration = Duration::from_secs(1);
const CLOCK_PARTED: chrono::Duration = chrono::Duration::seconds(5);

/// Pause before rescheduling is tried again.
const RESCHEDULE_PAUSE: Duration = Duration::from_secs(5);

/// One worker process.
pub struct Worker {
    domain: Arc<Domain>,
    connections: Connections,
}

impl Worker {
    /// A worker on the database of `domain`. Deliveries to systems without an outlet wait for another worker.
    pub fn new(domain: Arc<Domain>, connections: impl Into<Connections>) -> Self {
        Self { domain, connections: connections.into() }
    }

    /// Works until `shutdown`, then lets what runs finish. An unavailable database is waited for.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { domain, connections } = self;
        let ctx = domain.system();
        let deliveries = connections.outlets.iter().map(|(system, outlet)| work::deliveries(&ctx, *system, outlet).run(shutdown.clone()));
        tokio::join!(
            join_all(deliveries),
            async {
                if connections.airtable.is_some() {
                    shutdown.run_until_cancelled(airtable::begin(&ctx)).await;
                }
                work::chores(&ctx, &connections).run(shutdown.clone()).await;
            },
            reminder_loop::run(ctx.clone(), shutdown.clone()),
            heartbeat_loop::run(ctx.clone(), shutdown.clone()),
            keep_schedule(ctx.clone(), shutdown.clone()),
            holds::run(ctx.clone(), connections.outlets.clone(), shutdown.clone()),
            async {
                if let Some(endpoints) = &connections.endpoints {
                    work::webhooks(&ctx, endpoints).run(shutdown.clone()).await;
                }
            },
            alerts::run(ctx.clone(), &connections.monitors, shutdown.clone()),
            async {
                if let Some(chat) = &connections.chat {
                    Box::pin(chat::run(&ctx, chat, &shutdown)).await;
                }
            },
            async {
                if let Some(slack) = &connections.socket {
                    Box::pin(socket::run(&ctx, slack, &shutdown)).await;
                }
            },
        );
    }
}

/// Reschedules reminders: at start, because the playbook may have changed meanwhile, whenever it changes, and whenever the clock does.
async fn keep_schedule(ctx: Ctx, shutdown: CancellationToken) {
    loop {
        match shutdown.run_until_cancelled(schedule::reschedule(&ctx)).await {
            None => return,
            Some(Ok(moved)) => {
                tracing::debug!(moved, "rescheduled reminders by the playbook");
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = ctx.playbook_replaced.notified() => {}
                    by = clock_moved(&ctx) => {
                        tracing::warn!(seconds = by.num_seconds(), "the clock was put forward or back; everything that waits is looked at again");
                    }
                }
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "could not reschedule reminders; trying again");
                shutdown.run_until_cancelled(tokio::time::sleep(RESCHEDULE_PAUSE)).await;
            }
        }
    }
}

/// Returns by how much the clock was put forward or back, once it is.
async fn clock_moved(ctx: &Ctx) -> chrono::Duration {
    loop {
        let (time, begun) = (ctx.now(), Instant::now());
        tokio::time::sleep(CLOCK_LOOK).await;
        let passed = chrono::Duration::from_std(begun.elapsed()).unwrap_or_default();
        let moved = ctx.now() - time - passed;
        if moved.abs() > CLOCK_PARTED {
            return moved;
        }
    }
}
