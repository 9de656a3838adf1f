//! Connections and transactions. The only module that may begin a transaction.
//!
//! On SQLite, one connection writes and a few read: SQLite has a single writer anyway, and a queue within the process is
//! fairer and cheaper than `SQLITE_BUSY`. A commit is on disk when it returns (WAL, synchronous FULL).
//! On PostgreSQL, one pool serves both.

mod reader;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait, sqlx,
};
use tokio::sync::{Mutex, Semaphore, watch};
use tokio_util::sync::CancellationToken;

pub use self::reader::Reader;
use crate::error::{Error, is_disk_full, is_retryable};

/// How long a call waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The same for SQLite's one writing connection, for which all writers of the process queue.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long SQLite waits for another process's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What holds for each connection to PostgreSQL: it aborts any statement that takes longer, as none of ours should. Said after connecting,
/// because poolers refuse or ignore what is asked for in the start-up packet.
const SESSION: &str = "SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '15s'; SET timezone = 'UTC'";
/// Reading connections to SQLite: its statements are short, and more threads than cores only add context switches.
const READERS_MAX: u32 = 3;
/// Prepared statements kept per connection; shapes differ by filter and by the size of id lists.
const STATEMENT_CACHE: usize = 512;
/// How long it holds that changes can be written.
const WRITABLE_FOR: Duration = Duration::from_secs(5);
/// How long it holds that they can't.
const UNWRITABLE_FOR: Duration = Duration::from_secs(1);
/// How long it holds that there is no room: then others may find out whether there is again.
const FULL_FOR: Duration = Duration::from_secs(30);
/// How often the database's pulse is taken.
const PULSE: Duration = Duration::from_secs(1);
/// A database that takes longer to answer is as good as down.
const PATIENCE: Duration = Duration::from_secs(2);
/// A connection that has been idle for longer is tested before use.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// Connections past a pooler. One is in use; one to a server that vanished is let go of only when the system notices.
const DIRECT_CONNECTIONS: u32 = 4;
/// How many times a transaction that loses races in the database is run.
const ATTEMPTS_MAX: u32 = 5;

/// The database, SQLite or PostgreSQL.
#[derive(Clone)]
pub struct Db {
    read: Arc<Reader>,
    write: DatabaseConnection,
    /// A separate connection for health checks: a busy pool must not look like an outage.
    heart: DatabaseConnection,
    /// PostgreSQL itself where `write` goes through a pooler, which keeps no session for `LISTEN`.
    direct: DatabaseConnection,
    readers: usize,
    snapshots: Arc<Semaphore>,
    up: Arc<watch::Sender<bool>>,
    /// Whether changes could be written, and when that was tried.
    writable: Arc<Mutex<Option<(Instant, bool)>>>,
    /// When a change was last refused for want of room, if none has been written since.
    full: Arc<watch::Sender<Option<Instant>>>,
    renewed: Renewed,
}

/// When connections to PostgreSQL were last given up: those that are older aren't used again. After a fail-over they may lead to a server
/// that is gone, or that takes no changes any more.
type Renewed = Arc<watch::Sender<Option<Instant>>>;

impl Db {
    /// Connects to `url`: `sqlite:PATH` (created if missing) or `postgres://…`. Connections to PostgreSQL are opened
    /// on first use, so a server starts, reporting that it is not ready, while its database is down.
    ///
    /// # Errors
    /// If the URL is malformed or the SQLite file can't be opened.
    pub async fn connect(url: &str, connections: u32) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") { Self::sqlite(url, connections).await } else { Self::postgres(url, connections) }
    }

    async fn sqlite(url: &str, connections: u32) -> Result<Self, DbErr> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(config_error)?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(STATEMENT_CACHE)
            // What is deleted or shortened is overwritten, so that what was redacted is not in the file any more.
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-16000")
            .pragma("mmap_size", "268435456");
        let pool = |size, patience| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .acquire_timeout(patience)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .after_release(|connection, _| Box::pin(is_clean(connection)))
        };
        let write = pool(1, TURN_TIMEOUT).connect_with(options.clone()).await.map_err(config_error)?;
        let readers = connections.clamp(2, READERS_MAX);
        let read = pool(readers, ACQUIRE_TIMEOUT).connect_lazy_with(options.clone().read_only(true));
        let heart = pool(1, ACQUIRE_TIMEOUT).connect_lazy_with(options.read_only(true));
        let [read, write, heart] = [read, write, heart].map(SqlxSqliteConnector::from_sqlx_sqlite_pool);
        Ok(Self::of(read, write, heart, readers, Renewed::default()))
    }

    fn of(read: DatabaseConnection, write: DatabaseConnection, heart: DatabaseConnection, readers: u32, renewed: Renewed) -> Self {
        let (direct, readers) = (write.clone(), readers as usize);
        Self {
            read: Arc::new(Reader::Pool(read)),
            write,
            heart,
            direct,
            readers,
            // Whoever reads in one may need another connection, to write that something was seen.
            snapshots: Arc::new(Semaphore::new(readers / 2)),
            up: Arc::new(watch::Sender::new(true)),
            writable: Arc::default(),
            full: Arc::default(),
            renewed,
        }
    }

    fn postgres(url: &str, connections: u32) -> Result<Self, DbErr> {
        let (options, renewed) = (pg_options(url)?, Renewed::default());
        let [db, heart] = [connections, 1]
            .map(|size| pg_pool(&renewed).max_connections(size).connect_lazy_with(options.clone()))
            .map(SqlxPostgresConnector::from_sqlx_postgres_pool);
        Ok(Self::of(db.clone(), db, heart, connections, renewed))
    }

    /// The same database, with `url` as the way to PostgreSQL that goes through no pooler.
    ///
    /// # Errors
    /// If the URL is malformed.
    pub fn with_direct(self, url: &str) -> Result<Self, DbErr> {
        let pool = pg_pool(&self.renewed).max_connections(DIRECT_CONNECTIONS).connect_lazy_with(pg_options(url)?);
        Ok(Self { direct: SqlxPostgresConnector::from_sqlx_postgres_pool(pool), ..self })
    }

    /// For queries.
    pub fn read(&self) -> &Reader {
        &self.read
    }

    /// The same database, of which all queries see what is there at the first of them. It is not to be waited in for anything else. Waits as long as
    /// for a connection while many are open; `None` if they still are.
    ///
    /// # Errors
    /// If no connection is available.
    pub async fn snapshot(&self) -> Result<Option<Self>, DbErr> {
        let Reader::Pool(pool) = &*self.read else { return Ok(Some(self.clone())) };
        let turn = tokio::time::timeout(ACQUIRE_TIMEOUT, self.snapshots.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Ok(None) };
        // SQLite has no other.
        let is_postgres = self.backend() == DbBackend::Postgres;
        let options = TransactionOptions {
            isolation_level: is_postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: is_postgres.then_some(AccessMode::ReadOnly),
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
        };
        let transaction = begin(pool.clone(), options).await?;
        Ok(Some(Self { read: Arc::new(Reader::Snapshot { transaction, _turn: turn }), ..self.clone() }))
    }

    /// How many queries can run at the same time.
    pub fn readers(&self) -> usize {
        self.readers
    }

    /// For single statements that write, and for the queue and the migrations, which manage their own transactions.
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Where PostgreSQL keeps a session for as long as the connection is open.
    pub fn direct(&self) -> &DatabaseConnection {
        &self.direct
    }

    /// The kind of database.
    pub fn backend(&self) -> DbBackend {
        self.write.get_database_backend()
    }

    /// Begins a transaction that may write. On SQLite it takes the write lock right away, so that it can't fail halfway.
    ///
    /// # Errors
    /// If no connection is available.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        begin(self.write.clone(), options).await
    }

    /// Whether the database answers promptly.
    pub async fn answers(&self) -> bool {
        matches!(tokio::time::timeout(PATIENCE, self.heart.execute_unprepared("SELECT 1")).await, Ok(Ok(_)))
    }

    /// Whether changes can be written: the database is not read-only and has room. Tried at most every few seconds.
    pub async fn takes_changes(&self) -> bool {
        if self.full.borrow().is_some_and(|at| at.elapsed() < FULL_FOR) {
            return false;
        }
        let mut known = self.writable.lock().await;
        if let Some((at, answer)) = *known
            && at.elapsed() < if answer { WRITABLE_FOR } else { UNWRITABLE_FOR }
        {
            return answer;
        }
        let answer = match tokio::time::timeout(PATIENCE, self.try_change()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database takes no changes");
                false
            }
            // It is busy writing.
            Err(_) => true,
        };
        let before = known.replace((Instant::now(), answer)).is_none_or(|(_, before)| before);
        if before != answer {
            tracing::warn!(answer, "the database stopped or started taking changes");
        }
        if answer && !before {
            // Some may have been opened to the server that takes none, until a moment ago.
            self.renew();
        }
        answer
    }

    /// Hears that a change was refused. If there was no room for it, no attempt of our own need find that: it may fit where others do not.
    pub(crate) fn refused(&self, error: &DbErr) {
        if is_disk_full(error) && self.full.send_replace(Some(Instant::now())).is_none() {
            tracing::warn!(%error, "the database's disk is full");
        }
    }

    /// Hears that a change was written.
    pub(crate) fn wrote(&self) {
        self.full.send_if_modified(|full| full.take().is_some());
    }

    /// Takes what was overwritten out of SQLite's log as well, which has pages as they were before. PostgreSQL cleans up on its own.
    pub(crate) async fn empty_log(&self) -> Result<(), DbErr> {
        if self.backend() == DbBackend::Sqlite {
            let row = self.write.query_one_raw(Statement::from_string(self.backend(), "PRAGMA wal_checkpoint(TRUNCATE)")).await?;
            if row.is_some_and(|row| row.try_get_by_index::<i32>(0).is_ok_and(|is_busy| is_busy != 0)) {
                return Err(DbErr::Custom("others were reading what was there before".to_owned()));
            }
        }
        Ok(())
    }

    async fn try_change(&self) -> Result<bool, DbErr> {
        if self.backend() == DbBackend::Sqlite {
            // It stays what it is, and is written all the same.
            self.write.execute_unprepared("PRAGMA user_version = 0").await?;
            return Ok(true);
        }
        let row = self.write.query_one_raw(Statement::from_string(self.backend(), "SHOW transaction_read_only")).await?;
        let is_writable = row.is_some_and(|row| row.try_get_by_index::<String>(0).is_ok_and(|answer| answer == "off"));
        if !is_writable {
            // The address may lead to another server by now, while busy connections never notice.
            self.renew();
        }
        Ok(is_writable)
    }

    /// Takes the database's pulse until `shutdown`, for [`Db::while_up`], and gives up connections that a fail-over made useless.
    pub async fn watch(&self, shutdown: CancellationToken) {
        tokio::join!(self.feel(&shutdown), self.stay_writable(&shutdown));
    }

    async fn feel(&self, shutdown: &CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(PULSE)).await.is_some() {
            let answers = self.answers().await;
            metrics::gauge!("muster_database_up").set(if answers { 1.0 } else { 0.0 });
            if self.up.send_replace(answers) != answers {
                tracing::warn!(answers, "the database stopped or started answering");
                if answers {
                    self.renew();
                }
            }
        }
    }

    async fn stay_writable(&self, shutdown: &CancellationToken) {
        while self.backend() == DbBackend::Postgres && shutdown.run_until_cancelled(tokio::time::sleep(PULSE)).await.is_some() {
            self.takes_changes().await;
        }
    }

    fn renew(&self) {
        self.renewed.send_replace(Some(Instant::now()));
    }

    /// Completes when connections are given up that were made before, as after a fail-over.
    pub async fn connections_given_up(&self) {
        // Fails only when the sender is gone, which `self` has.
        let _ = self.renewed.subscribe().changed().await;
    }

    /// Runs `work` for as long as the database is up, so that nobody waits for a database that hangs. Needs [`Db::watch`] to be
    /// running.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database goes down; the work is dropped wherever it was.
    pub async fn while_up<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        let mut up = self.up.subscribe();
        tokio::select! {
            biased;
            _ = up.wait_for(|up| !up) => Err(Error::Unavailable(DbErr::Custom("the database is not answering".into()))),
            output = work => Ok(output),
        }
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        let read = if let Reader::Pool(read) = &*self.read { Some(read) } else { None };
        for db in read.into_iter().chain([&self.write, &self.heart, &self.direct]) {
            if let Err(error) = db.close_by_ref().await {
                tracing::debug!(%error, "closing a connection");
            }
        }
    }
}

/// Begins a transaction in a task of its own, so that a caller that goes away can't interrupt it: sqlx counts a transaction as open only once BEGIN
/// has been answered, so the connection would return to the pool inside a transaction, and its next user would write into that.
#[expect(clippy::disallowed_methods, reason = "the one place that begins transactions")]
async fn begin(pool: DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
    let begun = tokio::spawn(async move { pool.begin_with_options(options).await }).await;
    begun.unwrap_or_else(|error| Err(DbErr::Custom(error.to_string())))
}

/// How every connection to the PostgreSQL at `url` begins.
///
/// # Errors
/// If the URL is malformed.
pub fn pg_options(url: &str) -> Result<PgConnectOptions, DbErr> {
    let options = PgConnectOptions::from_str(url).map_err(config_error)?;
    // PgBouncer refuses a connection that names it, and our numbers are whole.
    Ok(options.application_name("muster").statement_cache_capacity(STATEMENT_CACHE).extra_float_digits(None))
}

fn pg_pool(renewed: &Renewed) -> PgPoolOptions {
    let renewed = renewed.clone();
    PgPoolOptions::new()
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(SESSION).execute(connection).await?;
                Ok(())
            })
        })
        // A connection that was just returned is almost certainly alive, and testing it each time would double the round trips; an idle
        // one may have died with its server.
        .before_acquire(move |connection, state| {
            let is_given_up = renewed.borrow().is_some_and(|at| at.elapsed() < state.age);
            Box::pin(async move {
                if !is_given_up && state.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(!is_given_up)
            })
        })
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
}

/// Whether a connection is fit for reuse. When the disk is full or broken, SQLite may end a transaction on its own while sqlx
/// still counts it as open: later transactions on that connection would be savepoints in one that nobody commits,
/// acknowledged and lost. Such a connection is discarded.
async fn is_clean(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // A rollback may be in flight; the answer to a ping comes after it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Whether a transaction that failed with `error` in its `attempt`th run (from 0) is worth another run; waits a little if so.
pub async fn worth_retrying(error: &DbErr, attempt: u32) -> bool {
    if attempt + 1 >= ATTEMPTS_MAX || !is_retryable(error) {
        return false;
    }
    tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
    true
}

fn config_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
