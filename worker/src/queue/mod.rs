//! The job queues of the worker: apalis on whichever database Muster runs.
//!
//! There is a main queue and one for each outside system, so that a system that hangs fills the slots of its own queue only.
//! All share apalis' tables; each has workers, a bell and keys of its own.
//!
//! Callers: the relay and the sweep put jobs on it ([`Queue::push`]), the worker process runs it ([`Queue::run`]),
//! `/metrics` reads [`Queue::depth`], and the tick calls [`Queue::purge`].
//!
//! What it guarantees:
//! - A job is started at least once, also after `kill -9`: a job whose worker went silent comes back within
//!   [`Tuning::orphan_after`] and one heartbeat. Handlers must therefore be idempotent.
//! - One idempotency key is put on a queue once, until [`Queue::purge`] forgets its finished row.
//! - A job that fails, panics or runs out of time is finished for the queue and never tried again by it: apalis would
//!   do so at once and without back-off. Truth, attempts and dates are in the caller's own row, whose sweep pushes
//!   again under a new key when the row says so.
//! - A worker that stalls or loses its database is replaced in the same process and counted
//!   (`muster_queue_restarts_total`).
//!
//! A job carries a kind and an id. It never carries a date: apalis reads the wall clock, Muster's time comes from its
//! own clock.

mod pace;
mod supervisor;
mod tables;
mod tuning;
mod worker;

use std::{sync::Arc, time::Duration};

use apalis_postgres::{PgPool, PostgresStorage};
use apalis_sqlite::{SqlitePool, SqliteStorage};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, sqlx};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

pub use tables::Depth;
pub use tuning::Tuning;

/// The name of the main queue. Stored with every job, so it must never change.
const MAIN: &str = "muster";

/// The key of the advisory lock that lets one process at a time prepare a PostgreSQL database ("muster" in ASCII).
const MIGRATION_LOCK: i64 = 0x6d75_7374_6572;

/// What is to be done, and for which row. Stored as `{"kind": "verify_chain", "subject": "<uuid>"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "subject", rename_all = "snake_case")]
pub enum Job {
    /// Delete what is past use.
    Expire,
    /// Check the hash chain of an incident.
    VerifyChain(Uuid),
    /// Carry out a delivery at its outside system.
    Deliver(Uuid),
    /// Bring what lives at Zendesk as well as here into step.
    SyncZendesk,
    /// Bring what lives at Trello as well as here into step.
    SyncTrello,
}

impl Job {
    /// The kind as stored; the label of metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::VerifyChain(_) => "verify_chain",
            Self::Deliver(_) => "deliver",
            Self::SyncZendesk => "sync_zendesk",
            Self::SyncTrello => "sync_trello",
        }
    }

    /// The row that the job is about, if it is about one.
    pub fn subject(&self) -> Option<Uuid> {
        match self {
            Self::Expire | Self::SyncZendesk | Self::SyncTrello => None,
            Self::VerifyChain(id) | Self::Deliver(id) => Some(*id),
        }
    }

    /// The job under the key that makes it unique on the queue.
    pub fn keyed(self, key: impl Into<String>) -> Keyed {
        Keyed { job: self, key: key.into() }
    }
}

/// A job and its idempotency key, ready to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The job.
    pub job: Job,
    /// Unique on its queue, whatever the job, until the finished job is purged.
    pub key: String,
}

/// Why the queue could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Neither SQLite nor PostgreSQL.
    #[error("the queue runs on SQLite and PostgreSQL, not on {0:?}")]
    Unsupported(DbBackend),
    /// PostgreSQL lacks an extension that apalis needs and refused to create it.
    #[error(
        "PostgreSQL's extension hstore is missing and could not be created; install the package with PostgreSQL's \
         contrib modules, then run \"CREATE EXTENSION hstore\" in this database as its owner: {0}"
    )]
    Hstore(#[source] sqlx::Error),
    /// apalis' own tables could not be created or upgraded.
    #[error("the tables of the job queue could not be prepared: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The settings contradict each other.
    #[error("the settings of the job queue are wrong: {0}")]
    Tuning(&'static str),
    /// A job could not be written as JSON.
    #[error("a job could not be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    /// The database refused or is away.
    #[error("the database of the job queue failed: {0}")]
    Database(#[from] DbErr),
}

impl From<QueueError> for domain::Error {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<sqlx::Error> for QueueError {
    fn from(error: sqlx::Error) -> Self {
        Self::Migrate(error.into())
    }
}

/// One apalis queue on whichever database Muster runs. Cheap to clone; clones share the bell that wakes a worker.
#[derive(Clone)]
pub struct Queue {
    name: &'static str,
    db: DatabaseConnection,
    store: Store,
    bell: Arc<Notify>,
}

#[derive(Clone)]
enum Store {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Store {
    /// What apalis works with during one life of a worker.
    ///
    /// On PostgreSQL it is a connection of its own: apalis does one thing at a time, and is dropped in the middle of it when the life ends.
    /// sqlx counts a transaction as open only when BEGIN was answered, so a connection that was dropped before that goes back to its pool
    /// within one. In the pool that all share, whoever had it next would write into a transaction that nobody commits. (On SQLite, `Db`
    /// throws such a connection away.)
    fn of_one_life(&self) -> Self {
        match self {
            Self::Sqlite(pool) => Self::Sqlite(pool.clone()),
            Self::Postgres(pool) => {
                let options = (*pool.connect_options()).clone();
                Self::Postgres(pool.options().clone().max_connections(1).connect_lazy_with(options))
            }
        }
    }

    /// Waits until the database has done with what a life that ended left half-way, so that nothing takes effect afterwards.
    async fn rest(&self) {
        if let Self::Postgres(pool) = self
            && pool.size() > 0
        {
            // A connection comes back when it has answered.
            drop(pool.acquire().await);
            pool.close().await;
        }
    }
}

impl Queue {
    /// The main queue on the pool of `db`; one worker may [`run`](Self::run) on it. On SQLite this is the connection that writes, so that
    /// queues and domain take turns instead of meeting at SQLite's lock.
    ///
    /// # Errors
    /// [`QueueError::Unsupported`] when `db` is neither SQLite nor PostgreSQL.
    pub fn new(db: &DatabaseConnection) -> Result<Self, QueueError> {
        Self::named(db, MAIN)
    }

    /// Like [`Self::new`], the queue of an outside system, such as `muster-email`. The name is stored with every job, so it must never
    /// change. Queues of different names share nothing but the tables and the connections.
    ///
    /// # Errors
    /// [`QueueError::Unsupported`] when `db` is neither SQLite nor PostgreSQL.
    pub fn named(db: &DatabaseConnection, name: &'static str) -> Result<Self, QueueError> {
        let store = match db.get_database_backend() {
            DbBackend::Sqlite => Store::Sqlite(db.get_sqlite_connection_pool().clone()),
            DbBackend::Postgres => Store::Postgres(db.get_postgres_connection_pool().clone()),
            other => return Err(QueueError::Unsupported(other)),
        };
        Ok(Self { name, db: db.clone(), store, bell: Arc::default() })
    }

    /// The name under which its jobs wait; the label `queue` of its metrics.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Creates and upgrades apalis' tables, for all queues. May be repeated, and run by two processes at once.
    ///
    /// Not `SqliteStorage::setup`: that one switches the connection to `synchronous = OFF`.
    ///
    /// # Errors
    /// [`QueueError::Hstore`] when PostgreSQL has no extension hstore and does not let us create it,
    /// [`QueueError::Migrate`] for everything else.
    pub async fn migrate(&self) -> Result<(), QueueError> {
        match &self.store {
            Store::Sqlite(pool) => migrate_sqlite(pool).await,
            Store::Postgres(pool) => migrate_postgres(pool).await,
        }
    }

    /// Puts jobs on the queue and wakes a worker of this process. A key that is there already is left as it is and is
    /// no error. Answers how many jobs are new.
    ///
    /// # Errors
    /// [`QueueError::Database`]; then none of the jobs was put.
    pub async fn push(&self, jobs: &[Keyed]) -> Result<u64, QueueError> {
        let pushed = self.push_on(&self.db, jobs).await?;
        if pushed > 0 {
            self.ring();
        }
        Ok(pushed)
    }

    /// Like [`Self::push`], within the caller's transaction: the jobs exist when it commits. Call [`Self::ring`] then.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn push_on(&self, conn: &impl ConnectionTrait, jobs: &[Keyed]) -> Result<u64, QueueError> {
        tables::insert(conn, self.name, jobs).await
    }

    /// Wakes a worker of this process, so that it looks for jobs now and not at its next poll.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// What waits, runs and is finished but not yet purged, on this queue.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        tables::depth(&self.db, self.name).await
    }

    /// How long ago any worker of this queue reported that it lives; `None` before the first.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn silence(&self) -> Result<Option<Duration>, QueueError> {
        tables::silence(&self.db, self.name).await
    }

    /// Deletes jobs that finished more than `age` ago, in portions, and workers that went silent as long ago. Their
    /// keys are free again. Answers how many jobs went. One call does it for all queues, also for those of systems that
    /// are not set up any more.
    ///
    /// # Errors
    /// [`QueueError::Database`]; portions deleted so far stay deleted.
    pub async fn purge(&self, age: Duration) -> Result<u64, QueueError> {
        tables::purge(&self.db, age).await
    }
}

/// An id for apalis' own rows, by the wall clock as everything of apalis.
#[expect(clippy::disallowed_methods, reason = "names a row of apalis, not one of Muster's")]
fn apalis_id() -> Uuid {
    Uuid::now_v7()
}

/// All in one immediate transaction: sqlx takes no lock of its own on SQLite, so a second process would otherwise run
/// the same steps at the same time and fail.
async fn migrate_sqlite(pool: &SqlitePool) -> Result<(), QueueError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    SqliteStorage::migrations().run_direct(None, &mut *tx, false).await?;
    // With this index SQLite looks for a finished job among all jobs its worker ever finished, not by its id: recording
    // a batch took 1 ms in an empty table and 3 s behind 100 000 finished jobs. Nothing else needs it.
    sqlx::query("DROP INDEX IF EXISTS LIdx").execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// Under an advisory lock of our own: sqlx's lock does not cover the extension.
async fn migrate_postgres(pool: &PgPool) -> Result<(), QueueError> {
    let mut conn = pool.acquire().await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(MIGRATION_LOCK).execute(&mut *conn).await?;
    let outcome = async {
        sqlx::query("CREATE EXTENSION IF NOT EXISTS hstore").execute(&mut *conn).await.map_err(QueueError::Hstore)?;
        Ok(PostgresStorage::migrations().run_direct(None, &mut *conn, false).await?)
    }
    .await;
    match sqlx::query("SELECT pg_advisory_unlock($1)").bind(MIGRATION_LOCK).execute(&mut *conn).await {
        Ok(_) => outcome,
        // The lock lives as long as its connection, which must not go back to the pool with it.
        Err(error) => {
            conn.close().await.ok();
            outcome.and(Err(error.into()))
        }
    }
}
