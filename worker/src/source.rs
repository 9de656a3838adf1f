//! apalis on Muster's own rows: whatever the domain claims is a task, and what the domain records is its end.
//!
//! The rows are the queue. No job is kept anywhere else, so there is one state, one lease and one clock, and a worker that dies leaves
//! nothing behind but rows that fall due again.

use std::convert::Infallible;
use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use apalis::prelude::{Backend, RandomId, Task, WorkerBuilder, WorkerContext};
use apalis_core::backend::BackendConfig;
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::layers::Identity;
use domain::Error;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

/// How often it looks for what is due, when nobody rings.
const EVERY: Duration = Duration::from_secs(1);
/// A look that takes longer is stuck and is abandoned; what it claims all the same falls due again.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long what runs may take to finish after a shutdown.
const DRAIN: Duration = Duration::from_secs(6);
/// Pause before a worker that ended on its own is started again.
const REST: Duration = Duration::from_secs(1);

type Claim<T> = Arc<dyn Fn(usize) -> BoxFuture<'static, Result<Vec<T>, Error>> + Send + Sync>;
type CarryOut<T> = Arc<dyn Fn(T) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// Work of one kind, and how it is done.
pub struct Work<T> {
    /// The label `queue` of its metrics.
    pub name: String,
    /// How many pieces are carried out at the same time.
    pub slots: usize,
    /// A piece that takes longer is stopped.
    pub limit: Duration,
    /// Rings when there may be something to claim.
    pub bell: watch::Receiver<()>,
    /// Claims at most so many pieces.
    pub claim: Claim<T>,
    /// Carries out one piece and records its end. It may be cut off at any await; then the piece falls due again.
    pub carry_out: CarryOut<T>,
    /// The kind of a piece, for metrics and logs.
    pub kind: fn(&T) -> &'static str,
}

impl<T: Send + 'static> Work<T> {
    /// Works until `shutdown`, then lets what runs finish.
    pub async fn run(self, shutdown: CancellationToken) {
        let work = Arc::new(self);
        while !shutdown.is_cancelled() {
            // A task of its own, so that a panic costs its work and not the process.
            let life = AbortOnDropHandle::new(tokio::spawn(work.clone().live(shutdown.clone())));
            if let Err(error) = life.await {
                tracing::error!(queue = %work.name, %error, "a worker died and is replaced");
            }
            if !shutdown.is_cancelled() {
                metrics::counter!("muster_queue_restarts_total", "queue" => work.name.clone(), "reason" => "died").increment(1);
                shutdown.run_until_cancelled(sleep(REST)).await;
            }
        }
    }

    /// One life of an apalis worker.
    async fn live(self: Arc<Self>, shutdown: CancellationToken) {
        let name = self.name.clone();
        let source = Source(self.clone().pieces(shutdown.clone()).boxed());
        let worker = WorkerBuilder::new(&*name).backend(source).build(move |piece: Piece<T>| {
            let work = self.clone();
            async move { work.perform(piece).await }
        });
        let mut events = pin!(worker.stream());
        let ended = async { while events.next().await.is_some() {} };
        let late = async {
            shutdown.cancelled().await;
            sleep(DRAIN).await;
        };
        tokio::select! {
            () = ended => {}
            () = late => tracing::warn!(queue = %name, limit = ?DRAIN, "not all that ran finished in time; the rest falls due again"),
        }
    }

    /// What is claimed, whenever a slot is free; ends at `shutdown`.
    fn pieces(self: Arc<Self>, shutdown: CancellationToken) -> impl Stream<Item = Piece<T>> + Send {
        let slots = Arc::new(Semaphore::new(self.slots));
        let portions = stream::unfold(self.bell.clone(), move |mut bell| {
            let (work, slots, shutdown) = (self.clone(), slots.clone(), shutdown.clone());
            async move { Some((work.portion(&slots, &mut bell, &shutdown).await?, bell)) }
        });
        portions.map(stream::iter).flatten()
    }

    /// Waits until something could be claimed for a free slot; `None` at `shutdown`.
    async fn portion(&self, slots: &Arc<Semaphore>, bell: &mut watch::Receiver<()>, shutdown: &CancellationToken) -> Option<Vec<Piece<T>>> {
        loop {
            let first = shutdown.run_until_cancelled(slots.clone().acquire_owned()).await?.ok()?;
            let mut free = vec![first];
            free.extend(std::iter::from_fn(|| slots.clone().try_acquire_owned().ok()));
            // A task of its own, which ends when the database has answered, whoever still waits for it: a statement must not be cut off
            // between the beginning of a transaction and its answer.
            let claimed = tokio::spawn((self.claim)(free.len()));
            match timeout(PATIENCE, claimed).await {
                Ok(Ok(Ok(work))) if work.is_empty() => {}
                Ok(Ok(Ok(work))) => return Some(work.into_iter().zip(free).map(|(work, slot)| Piece { work, slot }).collect()),
                Ok(Ok(Err(error))) => tracing::warn!(queue = %self.name, error = error.for_the_log(), "could not look for what is due"),
                Ok(Err(error)) => tracing::error!(queue = %self.name, %error, "looking for what is due panicked"),
                Err(_) => tracing::warn!(queue = %self.name, "looking for what is due took too long"),
            }
            tokio::select! {
                () = shutdown.cancelled() => return None,
                Ok(()) = bell.changed() => {}
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Carries out a piece as a task of its own, so that pieces use all cores and none takes another down with it.
    async fn perform(&self, Piece { work, slot }: Piece<T>) {
        let (kind, begun) = ((self.kind)(&work), Instant::now());
        let span = tracing::info_span!("work", queue = %self.name, kind);
        let task = AbortOnDropHandle::new(tokio::spawn((self.carry_out)(work).instrument(span.clone())));
        let ended = timeout(self.limit, task).await;
        let _entered = span.entered();
        let outcome = match ended {
            Ok(Ok(Ok(()))) => "done",
            Ok(Ok(Err(error))) => failed(&error),
            Ok(Err(error)) => lost("panicked", &error),
            Err(elapsed) => lost("timed_out", &elapsed),
        };
        metrics::counter!("muster_queue_jobs_total", "queue" => self.name.clone(), "kind" => kind, "outcome" => outcome).increment(1);
        metrics::histogram!("muster_queue_job_seconds", "queue" => self.name.clone(), "kind" => kind).record(begun.elapsed());
        drop(slot);
    }
}

/// An unavailable database is not the work's fault.
fn failed(error: &Error) -> &'static str {
    if matches!(error, Error::Unavailable(_)) {
        tracing::warn!(error = error.for_the_log(), "the database was not available; this falls due again");
        return "unavailable";
    }
    tracing::error!(error = error.for_the_log(), "failed; this falls due again");
    "failed"
}

fn lost(outcome: &'static str, error: &dyn Display) -> &'static str {
    tracing::error!(%error, outcome, "cut off; this falls due again");
    outcome
}

/// A piece of work, and the slot that it takes until it has ended.
struct Piece<T> {
    work: T,
    slot: OwnedSemaphorePermit,
}

/// Pieces of work as apalis takes them.
struct Source<T>(BoxStream<'static, Piece<T>>);

impl<T> Backend for Source<T> {
    type Task = Task<Piece<T>>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        let piece = std::task::ready!(self.0.poll_next_unpin(cx));
        if piece.is_none() {
            // A worker that runs out of tasks finishes those it has, and then waits to be stopped. It fails if it was stopped before.
            worker.stop().ok();
        }
        Poll::Ready(piece.map(|piece| Ok(Task::new(piece))))
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

impl<T> BackendConfig for Source<T> {
    type Args = Piece<T>;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &Self::Config {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Self::Layer {
        Identity::new()
    }
}

#[cfg(test)]
mod tests;
