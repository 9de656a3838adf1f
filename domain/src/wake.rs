//! Notifies listeners that something changed, or somebody's access: in this process through a channel, in others through
//! PostgreSQL's NOTIFY.
//!
//! A wake-up carries no content, only where to look; it may arrive twice or, if a process or connection dies
//! at the wrong moment, not at all. Listeners therefore read what is new from the database, and also look on
//! their own from time to time. Notifications are sent after the commit and in batches, because a NOTIFY inside
//! the transaction would make all commits of the cluster queue for one lock.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entity::{EventId, IncidentId};
use sea_orm::sqlx::postgres::PgListener;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::db::Db;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// This incident changed.
    Incident(IncidentId),
    /// Deliveries of this incident changed, or deliveries of none.
    Deliveries(Option<IncidentId>),
    /// This event was starred, or is no longer.
    Star(EventId),
    /// What this event said was taken out.
    Redacted(EventId),
    /// Who is on call changed, now or later.
    OnCall,
    /// Wake-ups may have been missed: look at everything that is being watched.
    Everything,
}

const CHANNEL: &str = "muster_wake";
/// How many wake-ups a slow listener may lag behind before it has to look at everything.
const BACKLOG: usize = 4_096;
/// Stands for a change of somebody's access, among the names of wake-ups.
const ACCESS: &str = "access";
/// Stand before the id of what changed; an incident's has nothing before it.
const DELIVERIES: &str = "deliveries.";
const STAR: &str = "star.";
const REDACTED: &str = "redacted.";
const ON_CALL: &str = "on-call";
/// Names in one notification: PostgreSQL limits the payload to 8,000 bytes, and a name takes up to 44.
const NAMES_PER_NOTIFICATION: usize = 150;
/// Wake-ups within this time are sent together: a notification costs the cluster a separate commit.
const GATHER: Duration = Duration::from_millis(5);
/// Losing a notification in a crash of the database does no harm, so it need not wait for the disk.
const NOTIFY: &str = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";
/// Pause before the listener reconnects.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

impl Wake {
    /// What other processes are told; nothing of what only this one has missed.
    fn name(self) -> Option<String> {
        match self {
            Self::Incident(id) => Some(id.0.as_simple().to_string()),
            Self::Deliveries(incident) => {
                Some(format!("{DELIVERIES}{}", incident.map(|id| id.0.as_simple().to_string()).unwrap_or_default()))
            }
            Self::Star(id) => Some(format!("{STAR}{}", id.0.as_simple())),
            Self::Redacted(id) => Some(format!("{REDACTED}{}", id.0.as_simple())),
            Self::OnCall => Some(ON_CALL.to_owned()),
            Self::Everything => None,
        }
    }

    /// The other way round; `None` for what a newer server says.
    fn read(name: &str) -> Option<Self> {
        let id = |text: &str| Uuid::try_parse(text).ok();
        if name == ON_CALL {
            return Some(Self::OnCall);
        }
        if let Some(incident) = name.strip_prefix(DELIVERIES) {
            return if incident.is_empty() {
                Some(Self::Deliveries(None))
            } else {
                Some(Self::Deliveries(Some(IncidentId(id(incident)?))))
            };
        }
        if let Some(event) = name.strip_prefix(STAR) {
            return Some(Self::Star(EventId(id(event)?)));
        }
        if let Some(event) = name.strip_prefix(REDACTED) {
            return Some(Self::Redacted(EventId(id(event)?)));
        }
        Some(Self::Incident(IncidentId(id(name)?)))
    }
}

/// Wakes all who wait for work in this process. One that is busy when it rings hears it afterwards.
#[derive(Debug, Default)]
pub struct Bell(watch::Sender<()>);

impl Bell {
    /// Says that there may be work.
    pub fn ring(&self) {
        self.0.send_replace(());
    }

    /// The end of one who waits: `changed` returns after a ring.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// The sending end; every commit goes through it.
#[derive(Clone)]
pub struct Waker {
    local: broadcast::Sender<Wake>,
    outgoing: Arc<Outgoing>,
    /// Counts what [`Waker::access_changed`] announces.
    access: watch::Sender<u64>,
}

#[derive(Default)]
struct Outgoing {
    /// What changed since the last notification. A set, so that a busy incident is one entry.
    wakes: Mutex<HashSet<Wake>>,
    /// Whether somebody's access changed since then.
    access: AtomicBool,
    ready: Notify,
}

impl Default for Waker {
    fn default() -> Self {
        Self { local: broadcast::Sender::new(BACKLOG), outgoing: Arc::default(), access: watch::Sender::default() }
    }
}

impl Waker {
    /// Announces that somebody's access changed, to this process and to others.
    pub(crate) fn access_changed(&self) {
        self.look_at_access_again();
        self.outgoing.access.store(true, Ordering::Relaxed);
        self.outgoing.ready.notify_one();
    }

    /// Announces what a commit changed.
    pub(crate) fn wake(&self, wake: Wake) {
        self.announce(wake);
        self.outgoing.wakes.lock().unwrap_or_else(PoisonError::into_inner).insert(wake);
        self.outgoing.ready.notify_one();
    }

    /// A receiving end, for the live parts of this process.
    pub fn subscribe(&self) -> broadcast::Receiver<Wake> {
        self.local.subscribe()
    }

    /// Carries wake-ups to and from other processes until `shutdown`. On SQLite there are none: all listeners live in
    /// the one server process.
    pub async fn run(&self, db: &Db, shutdown: CancellationToken) {
        if db.backend() != DbBackend::Postgres {
            self.forget_outgoing(shutdown).await;
            return;
        }
        let me = process_name();
        tokio::join!(self.send(db, &me, &shutdown), self.listen(db, &me, &shutdown));
    }

    /// A number that is another one after somebody's access has changed.
    pub(crate) fn access(&self) -> u64 {
        *self.access.borrow()
    }

    /// Changes whenever [`Self::access`] does.
    pub(crate) fn watch_access(&self) -> watch::Receiver<u64> {
        self.access.subscribe()
    }

    fn look_at_access_again(&self) {
        self.access.send_modify(|count| *count += 1);
    }

    fn announce(&self, wake: Wake) {
        // Fails only if nobody is listening, and then nobody needs it.
        let _ = self.local.send(wake);
    }

    /// What to tell other processes: names of wake-ups, or [`ACCESS`].
    fn take_outgoing(&self) -> Vec<String> {
        let mut waiting = self.outgoing.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        let names = waiting.drain().filter_map(Wake::name);
        let access = self.outgoing.access.swap(false, Ordering::Relaxed).then(|| ACCESS.to_owned());
        access.into_iter().chain(names).collect()
    }

    async fn forget_outgoing(&self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(self.outgoing.ready.notified()).await.is_some() {
            self.take_outgoing();
        }
    }

    async fn send(&self, db: &Db, me: &str, shutdown: &CancellationToken) {
        while shutdown.run_until_cancelled(self.outgoing.ready.notified()).await.is_some() {
            tokio::time::sleep(GATHER).await;
            for batch in self.take_outgoing().chunks(NAMES_PER_NOTIFICATION) {
                let payload = format!("{me};{}", batch.join(","));
                let notify = Statement::from_sql_and_values(DbBackend::Postgres, NOTIFY, [CHANNEL.into(), payload.into()]);
                if let Err(error) = db.write().query_one_raw(notify).await {
                    // Listeners elsewhere will see the change the next time they look.
                    tracing::warn!(%error, "could not notify other processes");
                }
            }
        }
    }

    async fn listen(&self, db: &Db, me: &str, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            // A server that vanished without a word would be listened to for ever.
            let listening = async {
                tokio::select! {
                    lost = self.listen_once(db, me) => lost,
                    () = db.connections_given_up() => Ok(()),
                }
            };
            let lost = shutdown.run_until_cancelled(listening).await;
            if let Some(Err(error)) = lost {
                tracing::warn!(%error, "lost the connection that listens for changes; reconnecting");
                shutdown.run_until_cancelled(tokio::time::sleep(RECONNECT_PAUSE)).await;
            }
        }
    }

    /// Listens until the connection is lost.
    async fn listen_once(&self, db: &Db, me: &str) -> Result<(), sea_orm::sqlx::Error> {
        let pool = db.direct().get_postgres_connection_pool();
        // A dedicated connection, held for the life of the process.
        let mut listener = PgListener::connect_with(pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        // Anything announced while nobody was listening is lost: look at everything once.
        self.announce(Wake::Everything);
        self.look_at_access_again();
        while let Some(notification) = listener.try_recv().await? {
            let Some((sender, names)) = notification.payload().split_once(';') else { continue };
            if sender == me {
                continue;
            }
            for name in names.split(',') {
                if name == ACCESS {
                    self.look_at_access_again();
                } else if let Some(wake) = Wake::read(name) {
                    self.announce(wake);
                }
            }
        }
        Err(sea_orm::sqlx::Error::WorkerCrashed)
    }
}

/// A name that distinguishes this process from the others on the same database.
#[expect(clippy::disallowed_methods, reason = "names a process, not a row")]
fn process_name() -> String {
    Uuid::new_v4().as_simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_processes_read_what_this_one_tells() {
        let id = Uuid::from_u128(7);
        for wake in [
            Wake::Incident(IncidentId(id)),
            Wake::Deliveries(Some(IncidentId(id))),
            Wake::Deliveries(None),
            Wake::Star(EventId(id)),
            Wake::Redacted(EventId(id)),
            Wake::OnCall,
        ] {
            let name = wake.name().unwrap();
            assert!(name.len() * NAMES_PER_NOTIFICATION < 7_000, "{name}");
            assert_eq!(Wake::read(&name), Some(wake));
        }
        assert_eq!(Wake::Everything.name(), None);
        assert_eq!(Wake::read("weather.1"), None);
    }
}
