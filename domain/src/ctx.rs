//! What every use case gets first: who calls, by which way, and the parts of the server it works with.

use std::path::PathBuf;
use std::sync::Arc;

use entity::{Source, Timestamp};

use crate::authz::{Actor, Right};
use crate::change::Lanes;
use crate::clock::Clock;
use crate::db::Db;
use crate::error::Result;
use crate::ids::IdSource;
use crate::people::access::SecretCache;
use crate::playbook::Playbook;
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
    /// The team's values.
    pub playbook: Playbook,
    /// Where files lie.
    pub data_dir: PathBuf,
    pub(crate) secrets: SecretCache,
    pub(crate) lanes: Lanes,
    /// Apart from `lanes`: who has a turn here takes a lane there.
    pub(crate) alert_turns: Lanes,
}

impl Domain {
    /// Puts the parts together.
    pub fn new(db: Db, clock: Arc<dyn Clock>, playbook: Playbook, data_dir: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            db,
            clock,
            ids: IdSource::new(),
            waker: Waker::default(),
            playbook,
            data_dir,
            secrets: SecretCache::default(),
            lanes: Lanes::default(),
            alert_turns: Lanes::default(),
        })
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
