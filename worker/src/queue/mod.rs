//! The job queues of the worker: apalis on whichever database Muster runs.
//!
//! There is a main queue and one for each outside system, so that a system that hangs only fills the slots of its own queue.
//! All share apalis' tables; each has its own workers, bell and keys.
//!
//! Callers: the relay and the tick put jobs on it ([`Queue::push`]), the worker process runs it ([`Queue::run`]),
//! `/metrics` reads [`Queue::depth`], and the `Expire` job calls [`Queue::purge`].
//!
//! Guarantees:
//! - A job is started at least once, even after `kill -9`: a job whose worker went silent comes back within
//!   [`Tuning::orphan_after`] plus one heartbeat. Handlers must therefore be idempotent.
//! - An idempotency key is put on a queue once, until [`Queue::purge`] deletes its finished row.
//! - A job that fails, panics or times out is finished, and the queue never retries it: apalis would do so at once and
//!   without back-off. State, attempts and dates are in the caller's own row, whose sweep pushes again under a new key
//!   when the row says so.
//! - A worker that stalls or loses its database is replaced in the same process and counted
//!   (`muster_queue_restarts_total`).
//!
//! A job carries a kind and an id, never a date: apalis reads the wall clock, Muster its own clock.

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

/// What to do, and for which row. Stored as `{"kind": "verify_chain", "subject": "<uuid>"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "subject", rename_all = "snake_case")]
pub enum Job {
    /// Delete expired rows.
    Expire,
    /// Check the hash chain of an incident.
    VerifyChain(Uuid),
    /// Carry out a delivery at its outside system.
    Deliver(Uuid),
    /// Synchronise with Zendesk.
    SyncZendesk,
    /// Synchronise with Trello.
    SyncTrello,
}

impl Job {
    /// The kind as stored; also the label in metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::VerifyChain(_) => "verify_chain",
            Self::Deliver(_) => "deliver",
            Self::SyncZendesk => "sync_zendesk",
            Self::SyncTrello => "sync_trello",
        }
    }

    /// The row that the job is about, if any.
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
    /// Unique on its queue, for all kinds of jobs, until the finished job is purged.
    pub key: String,
}

/// Why a queue operation failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Neither SQLite nor PostgreSQL.
    #[error("the job queue runs on SQLite or PostgreSQL, not on {0:?}")]
    Unsupported(DbBackend),
    /// PostgreSQL lacks an extension that apalis needs, and creating it failed.
    #[error(
        "PostgreSQL's hstore extension is missing and could not be created; install the package with PostgreSQL's \
         contrib modules, then run \"CREATE EXTENSION hstore\" in this database as its owner: {0}"
    )]
    Hstore(#[source] sqlx::Error),
    /// apalis' tables could not be created or upgraded.
    #[error("the tables of the job queue could not be prepared: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The settings contradict each other.
    #[error("the settings of the job queue are invalid: {0}")]
    Tuning(&'static str),
    /// A job could not be written as JSON.
    #[error("a job could not be written as JSON: {0}")]
    Encode(#[from] serde_json::Error),
    /// The database failed or is unavailable.
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
    name: Arc<str>,
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
    /// queues and domain take turns instead of contending for SQLite's lock.
    ///
    /// # Errors
    /// [`QueueError::Unsupported`] if `db` is neither SQLite nor PostgreSQL.
    pub fn new(db: &DatabaseConnection) -> Result<Self, QueueError> {
        Self::named(db, MAIN)
    }

    /// Like [`Self::new`], for the queue of an outside system, such as `muster-email`. The name is stored with every job, so it must never
    /// change. Queues with different names share only tables and connections.
    ///
    /// # Errors
    /// [`QueueError::Unsupported`] if `db` is neither SQLite nor PostgreSQL.
    pub fn named(db: &DatabaseConnection, name: impl Into<Arc<str>>) -> Result<Self, QueueError> {
        let store = match db.get_database_backend() {
            DbBackend::Sqlite => Store::Sqlite(db.get_sqlite_connection_pool().clone()),
            DbBackend::Postgres => Store::Postgres(db.get_postgres_connection_pool().clone()),
            other => return Err(QueueError::Unsupported(other)),
        };
        Ok(Self { name: name.into(), db: db.clone(), store, bell: Arc::default() })
    }

    /// The name that its jobs are stored under; the label `queue` of its metrics.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates and upgrades apalis' tables for all queues. Idempotent; two processes may run it at once.
    ///
    /// Not `SqliteStorage::setup`, which switches the connection to `synchronous = OFF`.
    ///
    /// # Errors
    /// [`QueueError::Hstore`] if PostgreSQL has no extension hstore and does not let us create it,
    /// [`QueueError::Migrate`] for everything else.
    pub async fn migrate(&self) -> Result<(), QueueError> {
        match &self.store {
            Store::Sqlite(pool) => migrate_sqlite(pool).await,
            Store::Postgres(pool) => migrate_postgres(pool).await,
        }
    }

    /// Puts jobs on the queue and wakes a worker in this process. Jobs whose key is on the queue already are ignored. Returns
    /// how many jobs are new.
    ///
    /// # Errors
    /// [`QueueError::Database`]; then no job was added.
    pub async fn push(&self, jobs: &[Keyed]) -> Result<u64, QueueError> {
        let pushed = self.push_on(&self.db, jobs).await?;
        if pushed > 0 {
            self.ring();
        }
        Ok(pushed)
    }

    /// Like [`Self::push`], within the caller's transaction: the jobs exist once it commits. Call [`Self::ring`] then.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn push_on(&self, conn: &impl ConnectionTrait, jobs: &[Keyed]) -> Result<u64, QueueError> {
        tables::insert(conn, &self.name, jobs).await
    }

    /// Wakes a worker in this process, so that it looks for jobs now rather than at its next poll.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// The jobs on this queue that wait, run, or are finished but not yet purged.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        tables::depth(&self.db, &self.name).await
    }

    /// How long ago any worker of this queue reported that it lives; `None` before the first.
    ///
    /// # Errors
    /// [`QueueError::Database`].
    pub async fn silence(&self) -> Result<Option<Duration>, QueueError> {
        tables::silence(&self.db, &self.name).await
    }

    /// Deletes jobs that finished more than `age` ago, in portions, and workers last seen as long ago. The jobs' keys are
    /// free again. Returns how many jobs were deleted. One call covers all queues, including those of systems that are no
    /// longer set up.
    ///
    /// # Errors
    /// [`QueueError::Database`]; portions deleted so far stay deleted.
    pub async fn purge(&self, age: Duration) -> Result<u64, QueueError> {
        tables::purge(&self.db, age).await
    }
}

/// An id for apalis' own rows, by the wall clock like everything in apalis.
#[expect(clippy::disallowed_methods, reason = "names a row of apalis, not one of Muster's")]
fn apalis_id() -> Uuid {
    Uuid::now_v7()
}

/// All in one immediate transaction: sqlx takes no lock on SQLite, so a second process would otherwise run the same steps
/// at the same time and fail.
async fn migrate_sqlite(pool: &SqlitePool) -> Result<(), QueueError> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    SqliteStorage::migrations().run_direct(None, &mut *tx, false).await?;
    // With this index SQLite searches all jobs that a worker ever finished instead of using the id: recording a batch took
    // 1 ms in an empty table and 3 s with 100,000 finished jobs. Nothing else needs the index.
    sqlx::query("DROP INDEX IF EXISTS LIdx").execute(&mut *tx).await?;
    Ok(tx.commit().await?)
}

/// Under our own advisory lock: sqlx's does not cover the extension.
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
        // The lock lives as long as its connection, which must not return to the pool holding it.
        Err(error) => {
            conn.close().await.ok();
            outcome.and(Err(error.into()))
        }
    }
}
