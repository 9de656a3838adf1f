//! Live changes, for everyone who watches.
//!
//! There is one [`Hub`] per process. A commit wakes it (see `domain::wake`); it reads what is new once and sends it to all watchers, so
//! that the load on the database does not grow with their number. For timelines that is a [`tail`] per incident that someone
//! watches; for boards it is the one [`feed`] of the process.
//!
//! Guarantees: a watcher of a timeline gets every event after its cursor once and in order, across reconnects and processes.
//! Nobody gets what they may not see. A watcher that reads too slowly is cut off and resumes from its cursor.

mod feed;
mod tail;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::authz::Actor;
use domain::wake::Wake;
use domain::{Ctx, Domain, Result, files, incident, people, timeline};
use entity::{IncidentId, PersonId, Visibility, attachment, person, timeline_event};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use feed::Feed;
use tail::Tail;

/// How often everything that is watched is checked without a wake-up, in case one was lost.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// An event with what watchers ask for along with it.
pub struct LiveEvent {
    /// The event.
    pub event: Arc<timeline_event::Model>,
    /// Its incident, as it was when the event was read.
    pub incident: Arc<entity::incident::Model>,
    /// Who did it.
    pub actor: Option<Arc<person::Model>>,
    /// Its files.
    pub attachments: Vec<attachment::Model>,
    participants: Arc<Vec<PersonId>>,
}

impl LiveEvent {
    /// Whether `actor` may see it.
    pub fn visible_to(&self, actor: &Actor) -> bool {
        actor.sees(&self.incident, &self.participants)
    }
}

/// Sends changes to watchers. One per process.
pub struct Hub {
    ctx: Ctx,
    tails: Mutex<HashMap<IncidentId, Weak<Tail>>>,
    feed: Feed,
}

impl Hub {
    /// A hub on `domain`. It does nothing until [`Hub::run`] runs.
    pub fn new(domain: &Arc<Domain>) -> Arc<Self> {
        Arc::new(Self { ctx: domain.system(), tails: Mutex::default(), feed: Feed::default() })
    }

    /// Passes wake-ups on until `shutdown`.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut wakes = self.ctx.waker.subscribe();
        let mut look_again = tokio::time::interval(LOOK_AGAIN);
        let feeding = tokio::spawn(shutdown.clone().run_until_cancelled_owned({
            let hub = self.clone();
            async move { hub.feed.run(&hub.ctx).await }
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
                    Ok(Wake::Everything) | Err(RecvError::Lagged(_)) => self.look_at_everything(),
                    Err(RecvError::Closed) => break,
                },
            }
        }
        feeding.abort();
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

/// The next events of `incident` after `sequence`, with their files and actors, in at most three statements.
async fn read_batch(ctx: &Ctx, id: IncidentId, sequence: i32, limit: u64) -> Result<Vec<Arc<LiveEvent>>> {
    let events = timeline::since(ctx, id, sequence, limit).await?;
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let incident = Arc::new(incident::find(ctx, id).await?);
    let participants = Arc::new(participants(ctx, &incident).await?);
    let mut actors: Vec<PersonId> = events.iter().filter_map(|event| event.actor_id).collect();
    actors.sort_unstable();
    actors.dedup();
    let actors: Vec<Arc<person::Model>> =
        if actors.is_empty() { Vec::new() } else { people::by_ids(ctx, &actors).await?.into_iter().map(Arc::new).collect() };
    let with_files: Vec<_> = events
        .iter()
        .filter(|event| event.details.as_deref().is_some_and(|details| details.contains("\"attachments\"")))
        .map(|event| event.id)
        .collect();
    let mut files = if with_files.is_empty() { Vec::new() } else { files::of_events(ctx, &with_files).await? };
    let live = |event: timeline_event::Model| {
        let attachments = files.extract_if(.., |file| file.event_id == Some(event.id)).collect();
        let actor = actors.iter().find(|actor| Some(actor.id) == event.actor_id).cloned();
        Arc::new(LiveEvent { event: Arc::new(event), incident: incident.clone(), actor, attachments, participants: participants.clone() })
    };
    Ok(events.into_iter().map(live).collect())
}

/// Who may know about `incident`; empty if everyone may.
async fn participants(ctx: &Ctx, incident: &entity::incident::Model) -> Result<Vec<PersonId>> {
    match incident.visibility {
        Visibility::Open => Ok(Vec::new()),
        Visibility::Restricted => incident::participants(ctx, incident.id).await,
    }
}
