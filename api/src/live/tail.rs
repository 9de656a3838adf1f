//! The growing end of one timeline, for as long as someone watches it.

use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use domain::{Ctx, Error, Result};
use entity::IncidentId;
use futures_util::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::event::{LiveEvent, read_batch};

/// How many events a watcher may be behind before it is cut off.
const BACKLOG: usize = 1_024;
/// Events read at a time.
const BATCH: u64 = 500;
/// Pause before a failed read is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Reads new events once and sends them to all watchers of one incident. Ends with its last watcher.
pub struct Tail {
    events: broadcast::Sender<Arc<LiveEvent>>,
    look: Arc<Notify>,
    _end: DropGuard,
}

impl Tail {
    /// Starts after the newest event of `incident`.
    pub(super) fn start(ctx: &Ctx, incident: &entity::incident::Model) -> Arc<Self> {
        let events = broadcast::Sender::new(BACKLOG);
        let look = Arc::new(Notify::new());
        let end = CancellationToken::new();
        let follow = follow(ctx.clone(), incident.id, incident.last_sequence, events.clone(), look.clone());
        tokio::spawn(end.clone().run_until_cancelled_owned(follow));
        // The first look finds what came between reading the incident and now.
        look.notify_one();
        Arc::new(Self { events, look, _end: end.drop_guard() })
    }

    /// Signals that there may be something new.
    pub(super) fn look(&self) {
        self.look.notify_one();
    }

    /// Every event of the tail's `incident` after `sequence`, then whatever happens from now on. Ends with an error if the watcher
    /// falls behind.
    pub(super) fn events_after(
        self: Arc<Self>,
        ctx: Ctx,
        incident: IncidentId,
        mut sequence: i32,
    ) -> impl Stream<Item = Result<Arc<LiveEvent>>> + Send + use<> {
        // From here on nothing is missed: what is committed before is read below, what comes after is sent to us.
        let mut live = self.events.subscribe();
        try_stream! {
            let _watching = self;
            loop {
                let batch = read_batch(&ctx, incident, sequence, BATCH).await?;
                let Some(last) = batch.last() else { break };
                sequence = last.event.sequence;
                for event in batch {
                    yield event;
                }
            }
            loop {
                let event = match live.recv().await {
                    Ok(event) => event,
                    Err(RecvError::Lagged(_)) => Err(Error::TooSlow)?,
                    Err(RecvError::Closed) => break,
                };
                if event.event.sequence <= sequence {
                    continue;
                }
                // The tail may have begun later than this watcher's history ended.
                while event.event.sequence > sequence + 1 {
                    let missing = u64::try_from(event.event.sequence - sequence - 1).unwrap_or(BATCH).min(BATCH);
                    let batch = read_batch(&ctx, incident, sequence, missing).await?;
                    sequence = batch.last().map(|last| last.event.sequence).ok_or_else(|| Error::internal("a timeline has a gap"))?;
                    for event in batch {
                        yield event;
                    }
                }
                sequence = event.event.sequence;
                yield event;
            }
        }
    }
}

async fn follow(ctx: Ctx, incident: IncidentId, mut sequence: i32, events: broadcast::Sender<Arc<LiveEvent>>, look: Arc<Notify>) {
    loop {
        look.notified().await;
        loop {
            match read_batch(&ctx, incident, sequence, BATCH).await {
                Ok(batch) => {
                    let Some(last) = batch.last() else { break };
                    sequence = last.event.sequence;
                    for event in batch {
                        // Fails only while nobody watches.
                        let _ = events.send(event);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, incident.id = %incident, "could not read new events; trying again");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }
}
