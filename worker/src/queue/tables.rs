//! Muster's own statements on apalis' tables. Only the queue calls these.
//!
//! apalis' own statements are used where they fit; these do what it can't: push within a SeaORM transaction with the same
//! result for a duplicate key on both databases, count without reading rows, record how the last jobs of a dead worker
//! ended and return the rest to the queue, and delete by age (its `vacuum_before` compares numbers with text on SQLite,
//! deletes every finished job whatever its age, and rewrites the whole file). The test `queue_contract` checks them against
//! apalis' schema.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value,
    sea_query::{Alias, Expr, ExprTrait, IntoTableRef, OnConflict, Query, TableRef},
};
use uuid::Uuid;

use super::{Keyed, QueueError};

/// Rows per insert or delete: far below the databases' parameter limits, and quick on SQLite's one connection that
/// writes.
const PORTION: usize = 500;
/// A worker row is never deleted earlier than this, whatever age is requested.
const WORKER_AGE: Duration = Duration::from_hours(1);

/// The jobs of a queue by state, for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Not taken by a worker yet.
    pub waiting: u64,
    /// Taken by a worker but not finished.
    pub running: u64,
    /// Succeeded, not purged yet.
    pub done: u64,
    /// Failed, not purged yet.
    pub failed: u64,
    /// How long the oldest waiting job has been waiting.
    pub oldest_waiting: Option<Duration>,
}

/// Inserts the jobs whose key is not on `queue` yet, and returns how many.
pub(super) async fn insert(conn: &impl ConnectionTrait, queue: &str, jobs: &[Keyed]) -> Result<u64, QueueError> {
    let mut inserted = 0;
    for portion in jobs.chunks(PORTION) {
        let mut statement = Query::insert();
        statement
            .into_table(jobs_table(conn))
            .columns(["id", "job_type", "job", "status", "attempts", "max_attempts", "idempotency_key"].map(Alias::new))
            .on_conflict(OnConflict::columns(["job_type", "idempotency_key"].map(Alias::new)).do_nothing().to_owned());
        for Keyed { job, key } in portion {
            let payload = serde_json::to_vec(job)?;
            // One attempt: apalis would retry a failed job at once and without back-off.
            statement.values_panic([
                ulid(super::apalis_id()).into(),
                queue.into(),
                payload.into(),
                "Pending".into(),
                0.into(),
                1.into(),
                key.as_str().into(),
            ]);
        }
        inserted += conn.execute(&statement).await?.rows_affected();
    }
    Ok(inserted)
}

/// Counts the jobs of `queue`.
pub(super) async fn depth(conn: &impl ConnectionTrait, queue: &str) -> Result<Depth, QueueError> {
    let sql = Dialect::of(conn).pick(
        "SELECT status, COUNT(*) AS n, CAST(strftime('%s', 'now') AS INTEGER) - MIN(run_at) AS age \
         FROM Jobs WHERE job_type = ?1 GROUP BY status",
        "SELECT status, COUNT(*) AS n, EXTRACT(EPOCH FROM now() - MIN(run_at))::bigint AS age \
         FROM apalis.jobs WHERE job_type = $1 GROUP BY status",
    );
    let mut depth = Depth::default();
    for row in conn.query_all_raw(statement(conn, sql, [queue.into()])).await? {
        let n = unsigned(&row, "n")?;
        match row.try_get::<String>("", "status")?.as_str() {
            "Pending" => {
                depth.waiting = n;
                depth.oldest_waiting = Some(Duration::from_secs(unsigned(&row, "age")?));
            }
            "Queued" | "Running" => depth.running += n,
            "Done" => depth.done = n,
            _ => depth.failed += n,
        }
    }
    Ok(depth)
}

/// What `worker` of `queue` should be busy with: the jobs it took and has not finished, plus one if any is waiting.
pub(super) async fn backlog(conn: &impl ConnectionTrait, queue: &str, worker: &str) -> Result<usize, QueueError> {
    let sql = Dialect::of(conn).pick(
        "SELECT EXISTS (SELECT 1 FROM Jobs WHERE job_type = ?1 AND status = 'Pending' AND lock_by IS NULL) + \
         (SELECT COUNT(*) FROM Jobs WHERE job_type = ?1 AND status IN ('Queued', 'Running') AND lock_by = ?2) AS n",
        "SELECT EXISTS (SELECT 1 FROM apalis.jobs WHERE job_type = $1 AND status = 'Pending')::int::bigint + \
         (SELECT COUNT(*) FROM apalis.jobs WHERE job_type = $1 AND status IN ('Queued', 'Running') AND lock_by = $2) AS n",
    );
    let row = conn.query_one_raw(statement(conn, sql, [queue.into(), worker.into()])).await?;
    Ok(row.map_or(Ok(0), |row| unsigned(&row, "n"))?.try_into().unwrap_or(usize::MAX))
}

/// Marks a worker as seen now. No effect before it has registered.
pub(super) async fn keep_alive(conn: &impl ConnectionTrait, worker: &str) -> Result<(), QueueError> {
    let sql = Dialect::of(conn).pick(
        "UPDATE Workers SET last_seen = strftime('%s', 'now') WHERE id = ?1",
        "UPDATE apalis.workers SET last_seen = now() WHERE id = $1",
    );
    conn.execute_raw(statement(conn, sql, [worker.into()])).await?;
    Ok(())
}

/// The age of the newest sign of life of a worker of `queue`.
pub(super) async fn silence(conn: &impl ConnectionTrait, queue: &str) -> Result<Option<Duration>, QueueError> {
    let sql = Dialect::of(conn).pick(
        "SELECT CAST(strftime('%s', 'now') AS INTEGER) - MAX(last_seen) AS age FROM Workers WHERE worker_type = ?1",
        "SELECT EXTRACT(EPOCH FROM now() - MAX(last_seen))::bigint AS age FROM apalis.workers WHERE worker_type = $1",
    );
    let row = conn.query_one_raw(statement(conn, sql, [queue.into()])).await?;
    let age = row.map_or(Ok(None), |row| row.try_get::<Option<i64>>("", "age"))?;
    Ok(age.map(|age| Duration::from_secs(age.try_into().unwrap_or(0))))
}

/// Records how jobs of a dead worker ended if apalis did not get to it.
pub(super) async fn record(conn: &impl ConnectionTrait, worker: &str, status: &str, ids: &[String]) -> Result<(), QueueError> {
    let now = Dialect::of(conn).pick("CAST(strftime('%s', 'now') AS INTEGER)", "now()");
    for portion in ids.chunks(PORTION) {
        let mut statement = Query::update();
        statement
            .table(jobs_table(conn))
            .value(Alias::new("status"), status)
            .value(Alias::new("attempts"), Expr::col(Alias::new("attempts")).add(1))
            .value(Alias::new("done_at"), Expr::cust(now))
            .and_where(Expr::col(Alias::new("lock_by")).eq(worker))
            .and_where(Expr::col(Alias::new("status")).is_in(["Queued", "Running"]))
            .and_where(Expr::col(Alias::new("id")).is_in(portion));
        conn.execute(&statement).await?;
    }
    Ok(())
}

/// Returns the unfinished jobs of a dead worker to the queue.
pub(super) async fn release(conn: &impl ConnectionTrait, worker: &str) -> Result<(), QueueError> {
    let sql = Dialect::of(conn).pick(
        "UPDATE Jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL \
         WHERE lock_by = ?1 AND status IN ('Queued', 'Running')",
        "UPDATE apalis.jobs SET status = 'Pending', lock_by = NULL, lock_at = NULL \
         WHERE lock_by = $1 AND status IN ('Queued', 'Running')",
    );
    conn.execute_raw(statement(conn, sql, [worker.into()])).await?;
    Ok(())
}

/// Deletes jobs that finished and workers that were last seen longer than `age` ago, on all queues.
pub(super) async fn purge(conn: &impl ConnectionTrait, age: Duration) -> Result<u64, QueueError> {
    let jobs = Dialect::of(conn).pick(
        "DELETE FROM Jobs WHERE id IN (SELECT id FROM Jobs WHERE status IN ('Done', 'Failed', 'Killed') \
         AND done_at <= CAST(strftime('%s', 'now') AS INTEGER) - ?1 LIMIT ?2)",
        "DELETE FROM apalis.jobs WHERE id IN (SELECT id FROM apalis.jobs WHERE status IN ('Done', 'Failed', 'Killed') \
         AND done_at <= now() - $1 * interval '1 second' LIMIT $2)",
    );
    let workers = Dialect::of(conn).pick(
        "DELETE FROM Workers WHERE last_seen <= CAST(strftime('%s', 'now') AS INTEGER) - ?1 \
         AND NOT EXISTS (SELECT 1 FROM Jobs WHERE lock_by = Workers.id)",
        "DELETE FROM apalis.workers w WHERE last_seen <= now() - $1 * interval '1 second' \
         AND NOT EXISTS (SELECT 1 FROM apalis.jobs WHERE lock_by = w.id)",
    );
    let mut purged = 0;
    loop {
        let values = [seconds(age), Value::from(i64::try_from(PORTION).unwrap_or(i64::MAX))];
        let portion = conn.execute_raw(statement(conn, jobs, values)).await?.rows_affected();
        purged += portion;
        if portion < PORTION as u64 {
            break;
        }
    }
    conn.execute_raw(statement(conn, workers, [seconds(age.max(WORKER_AGE))])).await?;
    Ok(purged)
}

/// The two SQL dialects.
enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    fn of(conn: &impl ConnectionTrait) -> Self {
        match conn.get_database_backend() {
            DbBackend::Postgres => Self::Postgres,
            _ => Self::Sqlite,
        }
    }

    fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

fn jobs_table(conn: &impl ConnectionTrait) -> TableRef {
    match Dialect::of(conn) {
        Dialect::Sqlite => Alias::new("Jobs").into_table_ref(),
        Dialect::Postgres => (Alias::new("apalis"), Alias::new("jobs")).into_table_ref(),
    }
}

fn statement<const N: usize>(conn: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}

fn unsigned(row: &QueryResult, column: &str) -> Result<u64, DbErr> {
    // The age is negative if the clock was set back.
    Ok(row.try_get::<i64>("", column)?.try_into().unwrap_or(0))
}

fn seconds(age: Duration) -> Value {
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX).into()
}

/// The id as apalis reads it: a fetched row whose id is not a ULID kills the worker. Both are 128 bits that start with
/// the time.
fn ulid(id: Uuid) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..26).rev().map(|digit| char::from(ALPHABET[(id.as_u128() >> (5 * digit) & 31) as usize])).collect()
}
