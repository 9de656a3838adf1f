//! Incidents that changed, for boards.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_stream::try_stream;
use domain::authz::Actor;
use domain::{Ctx, Error, Result, incident};
use entity::{IncidentId, PersonId, Timestamp};
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

use super::event::{self, participants};

/// How many changes a watcher may be behind before it is cut off.
const BACKLOG: usize = 1_024;
/// Incidents read at a time.
const BATCH: usize = 128;
/// Pause before a failed read is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How far to look back when wake-ups may have been missed: the clocks of processes differ a little.
const OVERLAP: chrono::Duration = chrono::Duration::seconds(30);

/// An incident that changed, as it is now.
pub struct Changed {
    /// The incident.
    pub incident: Arc<entity::incident::Model>,
    participants: Vec<PersonId>,
}

impl Changed {
    /// Whether `actor` may know about it.
    pub fn visible_to(&self, actor: &Actor) -> bool {
        actor.sees(&self.incident, &self.participants)
    }

    /// Records that the caller is shown it, if it is hidden from most.
    pub async fn record_sight(&self, ctx: &Ctx) -> Result<()> {
        event::record_sight(ctx, &self.incident, &self.participants).await
    }
}

/// Reads changed incidents once and sends them to all watchers.
pub struct Feed {
    told: broadcast::Sender<Told>,
    waiting: Mutex<Waiting>,
    ready: Notify,
}

/// What all watchers hear.
#[derive(Clone)]
enum Told {
    /// An incident changed.
    Change(Arc<Changed>),
    /// What had happened when this watcher came, counting from 1, has been told, and to all who came before them.
    CaughtUpTo(u64),
}

#[derive(Default)]
struct Waiting {
    incidents: HashSet<IncidentId>,
    everything: bool,
    /// How many watchers have come.
    watchers: u64,
}

impl Default for Feed {
    fn default() -> Self {
        Self { told: broadcast::Sender::new(BACKLOG), waiting: Mutex::default(), ready: Notify::new() }
    }
}

impl Feed {
    /// Records that `incident` changed. Costs nothing while nobody watches.
    pub(super) fn changed(&self, incident: IncidentId) {
        if self.is_watched() {
            self.waiting().incidents.insert(incident);
            self.ready.notify_one();
        }
    }

    /// Records that changes may have been missed.
    pub(super) fn look_again(&self) {
        self.waiting().everything = true;
        self.ready.notify_one();
    }

    /// Incidents that `ctx` may see and that pass `filter`, each time they change from now on. Ends with an error if the
    /// watcher falls behind.
    pub(super) fn incidents(&self, ctx: Ctx, filter: incident::IncidentFilter) -> impl Stream<Item = Result<Arc<Changed>>> + Send + use<> {
        let (mut told, watcher) = (self.told.subscribe(), self.join());
        let (began, by_row_alone) = (ctx.now(), incident::touches_rows_only(&filter));
        try_stream! {
            let mut caught_up = false;
            loop {
                let change = match told.recv().await {
                    Ok(Told::Change(change)) => change,
                    Ok(Told::CaughtUpTo(other)) => {
                        caught_up |= other >= watcher;
                        continue;
                    }
                    Err(RecvError::Lagged(_)) => Err(Error::TooSlow)?,
                    Err(RecvError::Closed) => break,
                };
                // What others have not heard of either may be old. Times decide only now: the clocks of other processes may be behind.
                if !caught_up && change.incident.changed_at <= began {
                    continue;
                }
                let wanted = change.visible_to(&ctx.actor) && incident::matches(&filter, &change.incident);
                if wanted && (by_row_alone || incident::passes(&ctx, &change.incident, &filter).await?) {
                    yield change;
                }
            }
        }
    }

    /// Counts a watcher, who has subscribed, and has everything told that happened before.
    fn join(&self) -> u64 {
        let mut waiting = self.waiting();
        waiting.watchers += 1;
        waiting.everything = true;
        self.ready.notify_one();
        waiting.watchers
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_watched(&self) -> bool {
        self.told.receiver_count() > 0
    }

    fn take(&self) -> Waiting {
        let mut waiting = self.waiting();
        let watchers = waiting.watchers;
        std::mem::replace(&mut *waiting, Waiting { watchers, ..Waiting::default() })
    }

    /// Reads and sends for ever.
    pub(super) async fn run(&self, ctx: &Ctx) {
        let mut versions = Versions { seen: HashSet::new(), looked_at: ctx.now() };
        loop {
            self.ready.notified().await;
            let waiting = self.take();
            while let Err(error) = self.hand_out(ctx, &waiting, &mut versions).await {
                tracing::warn!(%error, "could not read changed incidents; trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    async fn hand_out(&self, ctx: &Ctx, waiting: &Waiting, versions: &mut Versions) -> Result<()> {
        let now = ctx.now();
        if !self.is_watched() {
            // Whoever comes next is not told of what happened before.
            versions.forget_before(now);
            return Ok(());
        }
        if waiting.everything {
            self.look_back(ctx, versions).await?;
            versions.forget_before(now);
            let _ = self.told.send(Told::CaughtUpTo(waiting.watchers));
        }
        let ids: Vec<IncidentId> = waiting.incidents.iter().copied().collect();
        for batch in ids.chunks(BATCH) {
            self.send(ctx, incident::by_ids(ctx, batch).await?, versions).await?;
        }
        Ok(())
    }

    /// Reads what has changed since the last look, whether somebody said so or not.
    async fn look_back(&self, ctx: &Ctx, versions: &mut Versions) -> Result<()> {
        let mut after = None;
        loop {
            let batch = incident::changed_since(ctx, versions.looked_at - OVERLAP, after, BATCH).await?;
            after = batch.last().map(|last| (last.changed_at, last.id));
            let is_last = batch.len() < BATCH;
            self.send(ctx, batch, versions).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn send(&self, ctx: &Ctx, incidents: Vec<entity::incident::Model>, versions: &mut Versions) -> Result<()> {
        for row in incidents {
            if versions.seen.insert((row.changed_at, row.id, row.version)) {
                let participants = participants(ctx, &row).await?;
                // Fails only while nobody watches.
                let _ = self.told.send(Told::Change(Arc::new(Changed { incident: Arc::new(row), participants })));
            }
        }
        Ok(())
    }
}

/// What was sent recently, so that looking back repeats nothing.
struct Versions {
    seen: HashSet<(Timestamp, IncidentId, i32)>,
    looked_at: Timestamp,
}

impl Versions {
    fn forget_before(&mut self, now: Timestamp) {
        self.looked_at = now;
        self.seen.retain(|(changed_at, ..)| *changed_at >= now - OVERLAP - OVERLAP);
    }
}
