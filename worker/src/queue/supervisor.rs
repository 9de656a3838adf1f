//! Keeps a worker alive: starts it, watches it, replaces it when it stalls or dies, drains it at the end.
//!
//! A worker's own loop can't be trusted with this: apalis only sends heartbeats between batches, so a worker whose slots
//! are all taken by long jobs would look dead, and a database error ends it for good.

use std::{convert::Infallible, fmt::Display, pin::pin, sync::Arc, time::Duration};

use apalis::prelude::{WorkerContext, WorkerError};
use tokio::{
    task::JoinError,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    Job, Queue, QueueError, Tuning, tables,
    worker::{Work, live},
};

/// Pause before a worker is replaced; doubled while replacements keep dying, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a worker whose jobs have ended may take to record that.
const FLUSH: Duration = Duration::from_secs(1);
/// How long an abandoned worker may take to stop.
const ABORT: Duration = Duration::from_secs(5);

/// Why a worker's life ended.
enum End {
    Shutdown,
    Stalled,
    Died(Option<String>),
}

impl Queue {
    /// Runs a worker until `shutdown`, then lets running jobs finish for at most [`Tuning::drain`] and returns the rest to
    /// the queue.
    ///
    /// The handler records success and failure in its own tables and returns `Ok`. An error or a panic is logged and
    /// counted (`muster_queue_jobs_total`), and the job is finished: see the module's guarantees. A handler may be
    /// cancelled at any await and its job started again.
    ///
    /// # Errors
    /// [`QueueError::Tuning`]. Database failures are not errors: the worker is replaced until the database is back.
    pub async fn run<H, F, E>(&self, handler: H, tuning: Tuning, shutdown: CancellationToken) -> Result<(), QueueError>
    where
        H: Fn(Job) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        tuning.check()?;
        let work = Arc::new(Work::new(self.name.clone(), handler, tuning));
        let mut pause = FIRST_PAUSE;
        loop {
            let born = Instant::now();
            let reason = match self.one_life(&work, &shutdown).await {
                End::Shutdown => return Ok(()),
                End::Stalled => {
                    tracing::error!(queue = &*self.name, after = ?work.tuning.stall_after, "jobs wait but none starts: replacing the worker");
                    "stalled"
                }
                End::Died(error) => {
                    tracing::error!(queue = &*self.name, error = error.as_deref(), "the queue's worker died: replacing it");
                    "died"
                }
            };
            metrics::counter!("muster_queue_restarts_total", "queue" => self.name.clone(), "reason" => reason).increment(1);
            pause = if born.elapsed() > LONGEST_PAUSE * 2 { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = sleep(pause) => {}
            }
        }
    }

    async fn one_life(&self, work: &Arc<Work>, shutdown: &CancellationToken) -> End {
        // A new name for every life: apalis refuses the name of a worker that was seen a moment ago.
        let context = WorkerContext::new(&format!("{}-{}", self.name, super::apalis_id()));
        let name = context.name().to_owned();
        let store = self.store.of_one_life();
        let mut worker = AbortOnDropHandle::new(tokio::spawn(live(self.clone(), store.clone(), work.clone(), context.clone())));
        let end = {
            let mut alive = pin!(self.keep_alive(&name, work.tuning.heartbeat));
            let end = tokio::select! {
                () = shutdown.cancelled() => End::Shutdown,
                ended = &mut worker => died(ended),
                () = self.stalled(&name, work) => End::Stalled,
                never = &mut alive => match never {},
            };
            if matches!(end, End::Shutdown) {
                work.close();
                tokio::select! {
                    drained = timeout(work.tuning.drain, work.ended()) => if drained.is_err() {
                        tracing::warn!(queue = &*self.name, running = work.running(), limit = ?work.tuning.drain, "jobs did not finish in time and will run again");
                    },
                    never = &mut alive => match never {},
                }
                // Not before: once stopped, apalis leaves a fetch half-done, holding its connection, until no job is running. SQLite has
                // one connection that writes, so a job that needs it to finish would wait in vain.
                // A worker that has not started yet can't be stopped, only dropped.
                if context.stop().is_ok() {
                    timeout(FLUSH, &mut worker).await.ok();
                }
            }
            end
        };
        if !worker.is_finished() {
            worker.abort();
            timeout(ABORT, worker).await.ok();
        }
        // A look for jobs that is still under way must not take any after this.
        timeout(ABORT, store.rest()).await.ok();
        // Nobody works on its jobs any more. If this fails, they come back as orphans.
        if let Err(error) = self.settle(&name, work).await {
            tracing::warn!(queue = &*self.name, %error, "could not return the jobs of a stopped worker at once");
        }
        end
    }

    /// Records how the jobs of a stopped worker ended and returns the unfinished ones to the queue. apalis loses results it has not
    /// written yet when it is stopped or its database fails, and those jobs would run again.
    async fn settle(&self, worker: &str, work: &Work) -> Result<(), QueueError> {
        let [done, failed] = work.lately();
        tables::record(&self.db, worker, "Done", &done).await?;
        tables::record(&self.db, worker, "Failed", &failed).await?;
        tables::release(&self.db, worker).await
    }

    /// Sends the worker's heartbeats for as long as this future is polled.
    async fn keep_alive(&self, name: &str, heartbeat: Duration) -> Infallible {
        let mut beats = interval(heartbeat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            if let Err(error) = tables::keep_alive(&self.db, name).await {
                tracing::warn!(queue = &*self.name, %error, "could not send the heartbeat of the queue's worker");
            }
        }
    }

    /// Returns once jobs are waiting, slots are free, and none was started for [`Tuning::stall_after`].
    async fn stalled(&self, name: &str, work: &Work) {
        let limit = work.tuning.stall_after;
        let mut started = work.started();
        let mut since = Instant::now();
        loop {
            sleep(limit / 4).await;
            let running = work.running();
            let idle = work.started() == started
                && running < work.tuning.concurrency
                // Without a database nothing can start, and a new worker would not help.
                && tables::backlog(&self.db, &self.name, name).await.is_ok_and(|backlog| backlog > running);
            if !idle {
                started = work.started();
                since = Instant::now();
            } else if since.elapsed() >= limit {
                return;
            }
        }
    }
}

fn died(ended: Result<Result<(), WorkerError>, JoinError>) -> End {
    End::Died(match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    })
}
