//! Hints that something changed beside new events, so that pages which show it look again.
//!
//! Guarantees: nobody hears of what they may not see, and what is busy is told a few times a second at most. A hint may be told twice; it
//! gets lost if a server dies between a commit and telling others of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_stream::try_stream;
use domain::authz::{Actor, Right};
use domain::{Ctx, Error, Result, incident, timeline};
use entity::{EventId, IncidentId, PersonId};
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

use super::event::participants;

/// How many hints a watcher may be behind before it is cut off.
const BACKLOG: usize = 1_024;
/// What comes within this time is told together.
const GATHER: Duration = Duration::from_millis(200);
/// Pause before a failed read is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Deliveries of this incident, or of none.
    Deliveries(Option<IncidentId>),
    /// The star of this event.
    Star(EventId),
    /// What this event says: it was taken out.
    Redacted(EventId),
    /// Who is on call.
    OnCall,
    /// Any of these: hints got lost.
    Everything,
}

/// What may have changed, and who may know.
pub struct Hint {
    /// What.
    pub what: What,
    of: Option<(entity::incident::Model, Vec<PersonId>)>,
}

impl Hint {
    /// The incident it is about.
    pub fn incident(&self) -> Option<IncidentId> {
        self.of.as_ref().map(|(incident, _)| incident.id)
    }

    /// Whether `actor` may know about it.
    pub fn visible_to(&self, actor: &Actor) -> bool {
        let sees_incident = self.of.as_ref().is_some_and(|(incident, participants)| actor.sees(incident, participants));
        match self.what {
            What::Deliveries(Some(_)) => actor.may(Right::Respond) && sees_incident,
            What::Deliveries(None) => actor.may(Right::Administer),
            What::Star(_) | What::Redacted(_) => sees_incident,
            What::OnCall | What::Everything => true,
        }
    }
}

/// Reads what hints are about once and sends them to all watchers.
pub struct Hints {
    told: broadcast::Sender<Arc<Hint>>,
    waiting: Mutex<HashSet<What>>,
    ready: Notify,
}

impl Default for Hints {
    fn default() -> Self {
        Self { told: broadcast::Sender::new(BACKLOG), waiting: Mutex::default(), ready: Notify::new() }
    }
}

impl Hints {
    /// Records that something may have changed. Costs nothing while nobody watches.
    pub(super) fn note(&self, what: What) {
        if self.told.receiver_count() > 0 {
            self.waiting().insert(what);
            self.ready.notify_one();
        }
    }

    /// What `ctx` may know of, from now on. Ends with an error if the watcher falls behind.
    pub(super) fn watch(&self, ctx: Ctx) -> impl Stream<Item = Result<Arc<Hint>>> + Send + use<> {
        let mut told = self.told.subscribe();
        try_stream! {
            loop {
                match told.recv().await {
                    Ok(hint) if hint.visible_to(&ctx.actor) => yield hint,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => Err(Error::TooSlow)?,
                    Err(RecvError::Closed) => break,
                }
            }
        }
    }

    /// Reads and sends for ever.
    pub(super) async fn run(&self, ctx: &Ctx) {
        loop {
            self.ready.notified().await;
            tokio::time::sleep(GATHER).await;
            let waiting = std::mem::take(&mut *self.waiting());
            while let Err(error) = self.hand_out(ctx, &waiting).await {
                tracing::warn!(%error, "could not read what changed; trying again");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    async fn hand_out(&self, ctx: &Ctx, waiting: &HashSet<What>) -> Result<()> {
        let changed =
            waiting.iter().filter_map(|what| if let What::Star(event) | What::Redacted(event) = what { Some(*event) } else { None });
        let events = timeline::by_ids(ctx, &changed.collect::<Vec<_>>()).await?;
        let delivering = waiting.iter().filter_map(|what| if let What::Deliveries(incident) = what { *incident } else { None });
        let ids: HashSet<IncidentId> = delivering.chain(events.iter().map(|event| event.incident_id)).collect();
        let incidents = incident::by_ids(ctx, &ids.into_iter().collect::<Vec<_>>()).await?;
        for what in waiting {
            let id = match what {
                What::Deliveries(incident) => *incident,
                What::Star(changed) | What::Redacted(changed) => {
                    events.iter().find(|event| event.id == *changed).map(|event| event.incident_id)
                }
                What::OnCall | What::Everything => None,
            };
            let of = match incidents.iter().find(|incident| Some(incident.id) == id) {
                Some(incident) => Some((incident.clone(), participants(ctx, incident).await?)),
                None => None,
            };
            let _ = self.told.send(Arc::new(Hint { what: *what, of }));
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, HashSet<What>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
