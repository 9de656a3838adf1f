//! What every use case takes first: the caller, how the call came in, and the parts of the server it works with.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use entity::{Source, Timestamp, person};
use sea_orm::DbErr;
use tokio::sync::{Notify, OwnedMutexGuard, Semaphore, SemaphorePermit};

use crate::agenda::kept::Kept;
use crate::audit::sights::Sights;
use crate::authz::{Actor, Right};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::delivery::outcome::Outcome;
use crate::error::{Error, Result};
use crate::heartbeats::lately::Lately;
use crate::ids::IdSource;
use crate::incident::kept as incidents;
use crate::incident::seen::Reading;
use crate::insights::kept as insights;
use crate::lanes::Lanes;
use crate::people::secrets::SecretCache;
use crate::playbook::Playbook;
use crate::ports::TicketDesk;
use crate::record::plain_draft::{self, Plain};
use crate::waiting::Waiting;
use crate::wake::{Bell, Waker};
use crate::webhooks::known::Known;

/// The parts of a server process that all calls share.
pub struct Domain {
    /// The database.
    pub db: Arc<Db>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids and secrets.
    pub ids: IdSource,
    /// Notifies listeners of commits.
    pub waker: Waker,
    /// The server's settings.
    pub config: Config,
    /// Rings when something is waiting to be done in an outside system.
    pub outbox: Bell,
    /// Rings when something is waiting to be posted to an endpoint.
    pub posts: Bell,
    /// Notified when another playbook takes effect.
    pub playbook_replaced: Notify,
    /// Where people search for tickets, if connected.
    pub ticket_desk: Option<Arc<dyn TicketDesk>>,
    playbook: ArcSwap<Playbook>,
    pub(crate) secrets: SecretCache,
    pub(crate) sights: Sights,
    pub(crate) agendas: Kept,
    pub(crate) insights: insights::Kept,
    /// What was read of incidents.
    pub kept: incidents::Kept,
    pub(crate) webhooks: Known,
    pub(crate) heard_lately: Lately,
    pub(crate) lanes: Lanes,
    /// Drafts of events.
    pub(crate) waiting: Waiting<Plain, plain_draft::Outcome>,
    /// Outcomes of deliveries.
    pub(crate) outcomes: Waiting<Outcome, Result<(), DbErr>>,
    /// One question that reads very much runs at a time: a count of what a search finds, or insights. So however many are asked for, the
    /// other connections are for everything else.
    long_questions: Semaphore,
    /// Lets one such question of each person wait for them.
    long_askers: Lanes,
    /// Separate from `lanes`, because a task that holds a turn here also takes a lane there.
    pub(crate) alert_turns: Lanes,
    /// Of those who take the same message of the chat. Separate from `lanes` for the same reason.
    pub(crate) chat_turns: Lanes,
    /// Of those who store or remove the same bytes. Separate from `lanes` for the same reason.
    pub(crate) file_turns: Lanes,
}

impl Domain {
    /// Puts the parts together.
    pub fn new(db: Db, clock: Arc<dyn Clock>, playbook: Playbook, config: Config, ticket_desk: Option<Arc<dyn TicketDesk>>) -> Arc<Self> {
        let kept = incidents::Kept::new(config.cache_bytes);
        Arc::new(Self {
            db: Arc::new(db),
            clock,
            ids: IdSource::new(),
            waker: Waker::default(),
            config,
            outbox: Bell::default(),
            posts: Bell::default(),
            playbook_replaced: Notify::new(),
            ticket_desk,
            playbook: ArcSwap::from_pointee(playbook),
            secrets: SecretCache::default(),
            sights: Sights::default(),
            agendas: Kept::default(),
            insights: insights::Kept::default(),
            kept,
            webhooks: Known::default(),
            heard_lately: Lately::default(),
            lanes: Lanes::default(),
            waiting: Waiting::default(),
            outcomes: Waiting::default(),
            long_questions: Semaphore::new(1),
            long_askers: Lanes::default(),
            alert_turns: Lanes::default(),
            chat_turns: Lanes::default(),
            file_turns: Lanes::default(),
        })
    }

    /// The playbook in effect.
    pub fn playbook(&self) -> Arc<Playbook> {
        self.playbook.load_full()
    }

    /// Puts another playbook into effect. Due times change with it: see [`crate::telling::schedule::reschedule`].
    pub fn replace_playbook(&self, playbook: Playbook) {
        self.playbook.store(Arc::new(playbook));
        self.playbook_replaced.notify_one();
    }

    /// A context for `actor`, coming in through `source`.
    pub fn ctx(self: &Arc<Self>, actor: Actor, source: Source) -> Ctx {
        Ctx { domain: self.clone(), db: self.db.clone(), reading: None, actor, source, address: None }
    }

    /// A context for what Muster does on its own.
    pub fn system(self: &Arc<Self>) -> Ctx {
        self.ctx(Actor::System, Source::System)
    }
}

/// One call.
#[derive(Clone)]
pub struct Ctx {
    domain: Arc<Domain>,
    /// The database, or a snapshot of it.
    pub db: Arc<Db>,
    /// What is read of incidents, if that must be of one time.
    pub(crate) reading: Option<Arc<Reading>>,
    /// The party on whose behalf it is made.
    pub actor: Actor,
    /// How it came in.
    pub source: Source,
    /// The network address of the caller, if it is known.
    pub address: Option<IpAddr>,
}

impl Ctx {
    /// The current time. A use case reads it once and passes it on.
    pub fn now(&self) -> Timestamp {
        self.domain.clock.now()
    }

    /// The same call on behalf of Muster itself, once the caller has proved in another way that they are entitled to it.
    pub(crate) fn on_own_behalf(&self) -> Self {
        Self { actor: Actor::System, ..self.clone() }
    }

    /// The same call on behalf of `person`, who has proved in another way who they are.
    pub(crate) fn on_behalf_of(&self, person: &person::Model) -> Self {
        Self { actor: Actor::of(person), ..self.clone() }
    }

    /// The same call, from this network address.
    #[must_use]
    pub fn calling_from(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// The same call, as if it had come in through `source`.
    pub(crate) fn by_way_of(&self, source: Source) -> Self {
        Self { source, ..self.clone() }
    }

    /// Notes that the call waits for something slow: it is not to be made again with a transaction open (`incident::reading`).
    pub(crate) fn waits(&self) {
        if let Some(mut seen) = self.reading.as_deref().and_then(Reading::seen) {
            seen.has_waited = true;
        }
    }

    /// The turn of one question that reads very much. Of one person's, one stands in the queue.
    pub(crate) async fn long_turn(&self) -> Result<LongTurn<'_>> {
        self.waits();
        let of_person = self.long_askers.enter(self.actor.person_id()).await;
        let of_all = self.long_questions.acquire().await.map_err(Error::internal)?;
        Ok(LongTurn { _of_person: of_person, _of_all: of_all })
    }

    /// Fails unless the caller has `right`.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require(&self, right: Right) -> Result<()> {
        self.actor.require(right)
    }
}

/// The turn of one question that reads very much.
pub(crate) struct LongTurn<'a> {
    _of_person: OwnedMutexGuard<()>,
    _of_all: SemaphorePermit<'a>,
}

impl std::ops::Deref for Ctx {
    type Target = Domain;

    fn deref(&self) -> &Domain {
        &self.domain
    }
}
