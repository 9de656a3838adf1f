//! One life of an apalis worker: takes jobs, passes each to the handler, records how it ended.
//!
//! Only the supervisor starts one. Each job runs as its own task, so that jobs use all cores and can neither block apalis'
//! loop nor take it down with a panic.

use std::{
    collections::VecDeque,
    fmt::Display,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use apalis::prelude::{Attempt, BackendExt, Event, TaskId, WorkerBuilder, WorkerBuilderExt, WorkerContext, WorkerError};
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use futures_util::{Stream, StreamExt, future::BoxFuture};
use serde_json::Value;
use tokio::{
    task::JoinError,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{Job, Queue, Store, Tuning, pace::Pace};

/// The handler, and what the supervisor needs to know about it.
pub(super) struct Work {
    queue: Arc<str>,
    pub(super) handler: Handler,
    pub(super) tuning: Tuning,
    started: AtomicU64,
    running: AtomicUsize,
    closed: AtomicBool,
    lately: Mutex<VecDeque<Ended>>,
}

/// A finished job, by apalis' id, and how it ended.
#[derive(Clone)]
struct Ended {
    id: String,
    well: bool,
}

/// How often to check, when stopping, whether jobs have ended.
const LOOK: Duration = Duration::from_millis(20);

/// The error is the text of why the job failed.
pub(super) type Handler = Box<dyn Fn(Job) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

impl Work {
    pub(super) fn new<H, F, E>(queue: Arc<str>, handler: H, tuning: Tuning) -> Self
    where
        H: Fn(Job) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let handler: Handler = Box::new(move |job| {
            let work = handler(job);
            Box::pin(async move { work.await.map_err(|error| error.to_string()) })
        });
        Self {
            queue,
            handler,
            tuning,
            started: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            lately: Mutex::default(),
        }
    }

    /// Jobs started so far.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Jobs running now.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Starts no more jobs; fetched ones wait to be returned to the queue.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Waits until no job is running.
    pub(super) async fn ended(&self) {
        sleep(LOOK).await;
        while self.running() > 0 {
            sleep(LOOK).await;
        }
    }

    /// Remembers how a job ended for as long as apalis may not have recorded it: apalis fetches jobs in batches and buffers a few
    /// batches of results.
    fn keep(&self, ended: Ended) {
        let most = self.tuning.batch * 8 + self.tuning.concurrency * 2;
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.len() >= most {
            lately.pop_front();
        }
        lately.push_back(ended);
    }

    /// The ids of recently finished jobs: those that succeeded, and the others.
    pub(super) fn lately(&self) -> [Vec<String>; 2] {
        let lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        [true, false].map(|well| lately.iter().filter(|ended| ended.well == well).map(|ended| ended.id.clone()).collect())
    }

    fn start(&self) -> Running<'_> {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(&self.running)
    }
}

/// Counts a running job, even if it is dropped midway.
struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a job failed. The text goes into apalis' table and the label `outcome`; the reason only into the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Failure {
    #[error("failed")]
    Failed,
    #[error("panicked")]
    Panicked,
    #[error("timed_out")]
    TimedOut,
    #[error("cancelled")]
    Cancelled,
    #[error("unreadable")]
    Unreadable,
    #[error("gave_up")]
    GaveUp,
}

/// Runs one worker until `context` is stopped or its database fails. Running jobs are finished and recorded first.
pub(super) async fn live(queue: Queue, store: Store, work: Arc<Work>, context: WorkerContext) -> Result<(), WorkerError> {
    // The two storages share no trait for this, only the same shape.
    macro_rules! worker {
        ($storage:ident, $config:path, $pool:expr) => {{
            let Tuning { concurrency, batch, heartbeat, idle_poll, .. } = work.tuning;
            let config = <$config>::default()
                .queue(&queue.name)
                .batch_size(batch)
                .heartbeat_interval(heartbeat)
                .missed_heartbeats(work.tuning.missed_heartbeats())
                // Fetched but unfinished jobs count as running anyway; marking each one costs a write.
                .lock_tasks(false);
            let backend = $storage::<Value>::new($pool).with_config(config).poll_with_strategy(Pace::new(queue.bell.clone(), idle_poll));
            let bell = queue.bell.clone();
            let worker = WorkerBuilder::new(context.clone()).backend(backend).concurrency(concurrency).build(
                move |payload: Value, attempt: Attempt, id: TaskId| {
                    let (work, bell) = (work.clone(), bell.clone());
                    async move {
                        let outcome = perform(&work, payload, attempt.current(), &id).await;
                        // A job that ends during a fetch is only recorded at the next poll, so trigger one.
                        bell.notify_one();
                        outcome
                    }
                },
            );
            drain(worker.stream(), &context).await
        }};
    }
    match &store {
        Store::Sqlite(pool) => worker!(SqliteStorage, apalis_sqlite::Config, pool),
        Store::Postgres(pool) => worker!(PostgresStorage, apalis_postgres::Config, pool),
    }
}

/// Follows the worker until it ends. `Worker::run` would drop running jobs at the first database error.
async fn drain(events: impl Stream<Item = Result<Event, WorkerError>>, context: &WorkerContext) -> Result<(), WorkerError> {
    let mut events = std::pin::pin!(events);
    let mut outcome = Ok(());
    while let Some(event) = events.next().await {
        if let Err(error) = event {
            if outcome.is_err() {
                break;
            }
            outcome = Err(error);
            // apalis takes no more jobs after an error, and ends once stopped.
            context.stop().ok();
        }
    }
    outcome
}

async fn perform(work: &Work, payload: Value, attempt: usize, id: &TaskId) -> Result<(), Failure> {
    if work.closed.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let began = Instant::now();
    let _running = work.start();
    let job = serde_json::from_value::<Job>(payload.clone()).ok();
    let kind = job.map_or("unknown", |job| job.kind());
    let outcome = match job {
        // Decoded here and not by apalis, whose worker dies again and again of a job it can't decode.
        None => {
            tracing::error!(%payload, "this version can't read a job on the queue; giving it up");
            Err(Failure::Unreadable)
        }
        Some(job) if attempt > work.tuning.max_starts => {
            tracing::error!(kind, subject = ?job.subject(), attempt, "giving up a job whose worker died each time");
            Err(Failure::GaveUp)
        }
        Some(job) => handle(work, job).await,
    };
    let label = outcome.as_ref().map_or_else(ToString::to_string, |()| "done".to_owned());
    metrics::counter!("muster_queue_jobs_total", "queue" => work.queue.clone(), "kind" => kind, "outcome" => label).increment(1);
    metrics::histogram!("muster_queue_job_seconds", "queue" => work.queue.clone(), "kind" => kind).record(began.elapsed());
    work.keep(Ended { id: id.to_string(), well: outcome.is_ok() });
    outcome
}

async fn handle(work: &Work, job: Job) -> Result<(), Failure> {
    let span = tracing::info_span!("job", queue = &*work.queue, kind = job.kind(), subject = ?job.subject());
    let task = AbortOnDropHandle::new(tokio::spawn((work.handler)(job).instrument(span.clone())));
    let ended = timeout(work.tuning.job_timeout, task).await;
    let _entered = span.entered();
    match ended {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => {
            tracing::error!(%error, "a job failed");
            Err(Failure::Failed)
        }
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => {
            tracing::error!(limit = ?work.tuning.job_timeout, "a job took too long and was stopped");
            Err(Failure::TimedOut)
        }
    }
}

fn broken(error: &JoinError) -> Failure {
    if error.is_panic() {
        tracing::error!(%error, "a job panicked");
        Failure::Panicked
    } else {
        Failure::Cancelled
    }
}
