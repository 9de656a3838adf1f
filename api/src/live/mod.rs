//! Live changes, for everyone who watches.
//!
//! There is one [`Hub`] per process. A commit wakes it (see `domain::wake`); it reads what is new once and sends it to all watchers, so
//! that the load on the database does not grow with their number. For timelines that is a [`tail`] per incident that someone
//! watches; for boards it is the one [`feed`] of the process. What has no event of its own is told by [`hints`].
//!
//! Guarantees: a watcher of a timeline gets every event after its cursor once and in order, across reconnects and processes.
//! Nobody gets what they may not see. A watcher that reads too slowly is cut off and resumes from its cursor.

mod event;
mod feed;
mod hints;
mod tail;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::wake::Wake;
use domain::{Ctx, Domain, Result, incident};
use entity::IncidentId;
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use feed::{Changed, Feed};
use hints::Hints;
use tail::Tail;

pub use event::LiveEvent;
pub use hints::{Hint, What};

/// How often everything that is watched is checked without a wake-up, in case one was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Sends changes to watchers. One per process.
pub struct Hub {
    ctx: Ctx,
    tails: Mutex<HashMap<IncidentId, Weak<Tail>>>,
    feed: Feed,
    hints: Hints,
}

impl Hub {
    /// A hub on `domain`. It does nothing until [`Hub::run`] runs.
    pub fn new(domain: &Arc<Domain>) -> Arc<Self> {
        Arc::new(Self { ctx: domain.system(), tails: Mutex::default(), feed: Feed::default(), hints: Hints::default() })
    }

    /// Passes wake-ups on until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut wakes = self.ctx.waker.subscribe();
        let mut look_again = tokio::time::interval(LOOK_AGAIN);
        let feeding = tokio::spawn(shutdown.clone().run_until_cancelled_owned({
            let hub = self.clone();
            async move { tokio::join!(hub.feed.run(&hub.ctx), hub.hints.run(&hub.ctx)) }
        }));
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = look_again.tick() => self.look_at_everything(),
                wake = wakes.recv() => match wake {
                    Ok(Wake::Incident(incident)) => {
                        if let Some(tail) = self.tail(incident) {
                            tail.look();
                        }
                        self.feed.changed(incident);
                    }
                    Ok(Wake::Deliveries(incident)) => self.hints.note(What::Deliveries(incident)),
                    Ok(Wake::Star(event)) => self.hints.note(What::Star(event)),
                    Ok(Wake::Redacted(event)) => self.hints.note(What::Redacted(event)),
                    Ok(Wake::OnCall) => self.hints.note(What::OnCall),
                    Ok(Wake::Everything) | Err(RecvError::Lagged(_)) => {
                        self.look_at_everything();
                        self.hints.note(What::Everything);
                    }
                    Err(RecvError::Closed) => break,
                },
            }
        }
        feeding.abort();
    }

    /// Every event of `incident` after `sequence`, then whatever happens from now on. Ends with an error if the watcher falls
    /// behind.
    ///
    /// # Errors
    /// `NOT_FOUND`, also if the caller may not see it.
    pub async fn timeline(
        &self,
        ctx: &Ctx,
        id: IncidentId,
        sequence: i32,
    ) -> Result<impl Stream<Item = Result<Arc<LiveEvent>>> + Send + use<>> {
        let incident = incident::find(ctx, id).await?;
        Ok(self.tail_or_new(&incident).events_after(self.ctx.clone(), id, sequence))
    }

    /// Incidents that `ctx` may see and that pass `filter`, each time they change from now on. Ends with an error if the
    /// watcher falls behind.
    pub fn incidents(&self, ctx: Ctx, filter: incident::IncidentFilter) -> impl Stream<Item = Result<Arc<Changed>>> + Send + use<> {
        self.feed.incidents(ctx, filter)
    }

    /// What changed, as far as `ctx` may know of it, from now on. Ends with an error if the watcher falls behind.
    pub fn hints(&self, ctx: Ctx) -> impl Stream<Item = Result<Arc<Hint>>> + Send + use<> {
        self.hints.watch(ctx)
    }

    fn look_at_everything(&self) {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.retain(|_, tail| tail.upgrade().inspect(|tail| tail.look()).is_some());
        self.feed.look_again();
    }

    fn tail(&self, incident: IncidentId) -> Option<Arc<Tail>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner).get(&incident)?.upgrade()
    }

    /// The tail of `incident`, created if nobody watches it yet.
    fn tail_or_new(&self, incident: &entity::incident::Model) -> Arc<Tail> {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tail) = tails.get(&incident.id).and_then(Weak::upgrade) {
            return tail;
        }
        let tail = Tail::start(&self.ctx, incident);
        tails.insert(incident.id, Arc::downgrade(&tail));
        tail
    }
}
