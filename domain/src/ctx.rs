//! What every use case gets first: who calls, by which way, and the parts of the server it works with.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use entity::{Source, System, Timestamp};
use tokio::sync::Notify;

use crate::authz::{Actor, Right};
use crate::change::Lanes;
use crate::clock::Clock;
use crate::db::Db;
use crate::delivery::policy::Pauses;
use crate::error::Result;
use crate::ids::IdSource;
use crate::people::access::SecretCache;
use crate::playbook::Playbook;
use crate::ports::TicketDesk;
use crate::tickets;
use crate::wake::Waker;

/// The parts of one server process that all calls share.
pub struct Domain {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids and secrets.
    pub ids: IdSource,
    /// Tells listeners of commits.
    pub waker: Waker,
    /// What this server was told about its surroundings.
    pub config: Config,
    /// Rung when something waits to be done at an outside system.
    pub outbox: Notify,
    /// Rung when another playbook is in force.
    pub playbook_replaced: Notify,
    /// Where people look for tickets, when that is connected. Set once, before the server begins to serve.
    pub ticket_desk: OnceLock<Arc<dyn TicketDesk>>,
    playbook: ArcSwap<Playbook>,
    pub(crate) secrets: SecretCache,
    pub(crate) lanes: Lanes,
    /// Apart from `lanes`: who has a turn here takes a lane there.
    pub(crate) alert_turns: Lanes,
}

/// What a server is told about its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where files lie.
    pub data_dir: PathBuf,
    /// Where people reach the server: scheme and host, without a slash at the end.
    pub public_url: String,
    /// The outside systems that are connected. What is meant for another one is done by hand.
    pub systems: Vec<System>,
    /// How tickets follow incidents, and which report one.
    pub tickets: tickets::Rules,
    /// How long failed deliveries wait.
    pub pauses: Pauses,
    /// Whether Trello is asked to tell us of changes: we can check who tells us.
    pub watches_cards: bool,
}

impl Domain {
    /// Puts the parts together.
    pub fn new(db: Db, clock: Arc<dyn Clock>, playbook: Playbook, config: Config) -> Arc<Self> {
        Arc::new(Self {
            db,
            clock,
            ids: IdSource::new(),
            waker: Waker::default(),
            config,
            outbox: Notify::new(),
            playbook_replaced: Notify::new(),
            ticket_desk: OnceLock::new(),
            playbook: ArcSwap::from_pointee(playbook),
            secrets: SecretCache::default(),
            lanes: Lanes::default(),
            alert_turns: Lanes::default(),
        })
    }

    /// The team's values in force.
    pub fn playbook(&self) -> Arc<Playbook> {
        self.playbook.load_full()
    }

    /// Puts other values in force. What falls due when changes with them: see [`crate::reminders::reschedule`].
    pub fn replace_playbook(&self, playbook: Playbook) {
        self.playbook.store(Arc::new(playbook));
        self.playbook_replaced.notify_one();
    }

    /// A context for `actor`, who came by `source`.
    pub fn ctx(self: &Arc<Self>, actor: Actor, source: Source) -> Ctx {
        Ctx { domain: self.clone(), actor, source }
    }

    /// A context for what Muster does by itself.
    pub fn system(self: &Arc<Self>) -> Ctx {
        self.ctx(Actor::System, Source::System)
    }
}

/// One call.
#[derive(Clone)]
pub struct Ctx {
    domain: Arc<Domain>,
    /// On whose behalf.
    pub actor: Actor,
    /// By which way it came.
    pub source: Source,
}

impl Ctx {
    /// The current time. A use case asks once and passes it on.
    pub fn now(&self) -> Timestamp {
        self.domain.clock.now()
    }

    /// The same call on behalf of Muster itself, after the caller has proved otherwise that they may.
    pub(crate) fn on_own_behalf(&self) -> Self {
        Self { actor: Actor::System, ..self.clone() }
    }

    /// The same call, as news that came by `source`.
    pub(crate) fn by_way_of(&self, source: Source) -> Self {
        Self { source, ..self.clone() }
    }

    /// Refuses who has not `right`.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require(&self, right: Right) -> Result<()> {
        self.actor.require(right)
    }
}

impl std::ops::Deref for Ctx {
    type Target = Domain;

    fn deref(&self) -> &Domain {
        &self.domain
    }
}
