//! What Muster relies on in its queue, on both databases: real files, a real server, several "processes" (pools).
//!
//! An upgrade of apalis must pass here: the queue relies on its tables.

mod failures;
mod jobs;
mod queues;
mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::queue::{Job, Keyed, Queue, QueueError, Tuning};

pub use support::Db;

/// Each body as two tests, on databases that are empty.
macro_rules! both_databases {
    ($(async fn $name:ident($db:ident: Db) $body:block)*) => {$(
        mod $name {
            use super::*;
            async fn body($db: Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(Db::new(Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(Db::new(Engine::Postgres).await).await;
            }
        }
    )*};
}

use both_databases;

pub fn tuning() -> Tuning {
    Tuning { idle_poll: Duration::from_millis(100), heartbeat: Duration::from_secs(1), ..Tuning::default() }
}

/// For tests in which a worker dies; with this, a merely slow one would be taken for dead.
pub fn impatient() -> Tuning {
    Tuning { orphan_after: Duration::from_secs(3), ..tuning() }
}

pub fn verify(id: Uuid) -> Keyed {
    Job::VerifyChain(id).keyed(format!("{id}:0"))
}

pub async fn open(db: &Db) -> Queue {
    Queue::new(&db.open().await).unwrap()
}

pub async fn ready(db: &Db) -> (Queue, DatabaseConnection) {
    let conn = db.open().await;
    let queue = Queue::new(&conn).unwrap();
    queue.migrate().await.unwrap();
    (queue, conn)
}

pub struct Worker {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), QueueError>>,
}

impl Worker {
    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(10), self.task).await.expect("the queue stops").unwrap().unwrap();
    }
}

pub fn start(queue: &Queue, log: &Log, tuning: Tuning) -> Worker {
    let log = log.clone();
    let handler = move |job: Job| {
        log.add(job.subject().unwrap_or_default());
        async { Ok::<_, String>(()) }
    };
    start_with(queue, handler, tuning)
}

pub fn start_with<H, F, E>(queue: &Queue, handler: H, tuning: Tuning) -> Worker
where
    H: Fn(Job) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display + 'static,
{
    let (queue, shutdown) = (queue.clone(), CancellationToken::new());
    let token = shutdown.clone();
    Worker { shutdown, task: tokio::spawn(async move { queue.run(handler, tuning, token).await }) }
}

/// Which subjects a handler has seen, and how often.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<HashMap<Uuid, usize>>>);

impl Log {
    pub fn add(&self, id: Uuid) {
        *self.0.lock().unwrap().entry(id).or_default() += 1;
    }

    pub fn count(&self, id: Uuid) -> usize {
        self.0.lock().unwrap().get(&id).copied().unwrap_or_default()
    }

    pub fn total(&self) -> usize {
        self.0.lock().unwrap().values().sum()
    }
}

pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < Duration::from_secs(20), "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn texts(conn: &DatabaseConnection, sql: &str, column: &str) -> Vec<String> {
    let statement = Statement::from_string(conn.get_database_backend(), sql);
    conn.query_all_raw(statement).await.unwrap().iter().map(|row| row.try_get("", column).unwrap()).collect()
}

pub async fn pragmas(conn: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT journal_mode AS v FROM pragma_journal_mode \
               UNION ALL SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous \
               UNION ALL SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys \
               UNION ALL SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout";
    texts(conn, sql, "v").await
}

pub fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

/// The id of something that jobs are about.
#[expect(clippy::disallowed_methods, reason = "no row of Muster's is behind it")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
