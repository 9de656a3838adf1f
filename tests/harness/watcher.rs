//! Somebody who watches a timeline for as long as it takes, as `docs/api.md` tells clients to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use crate::client::Client;
use crate::live::{Frame, Transport};

const WATCH: &str = "subscription($id: ID!, $after: String) { timeline(incidentId: $id, after: $after) { cursor node { sequence text } } }";
/// Pause before it connects again.
const AGAIN: Duration = Duration::from_millis(200);

/// Watches until it is dropped: keeps the last cursor, and connects again with it whenever it is cut off.
pub struct Watcher {
    heard: Arc<Mutex<Heard>>,
    _watching: AbortOnDropHandle<()>,
}

/// What a watcher was sent.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Sequence and text of each event, as they came.
    pub events: Vec<(i64, String)>,
    /// How often it connected.
    pub connections: usize,
    /// The codes with which subscriptions were refused or ended.
    pub refusals: BTreeMap<String, usize>,
}

impl Watcher {
    /// Watches `incident` from its first event on.
    pub fn start(client: Client, transport: Transport, incident: &str) -> Self {
        let heard = Arc::<Mutex<Heard>>::default();
        let watching = tokio::spawn(watch(client, transport, incident.to_owned(), heard.clone()));
        Self { heard, _watching: AbortOnDropHandle::new(watching) }
    }

    /// What it was sent so far.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        lock(&self.heard)
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(client: Client, transport: Transport, incident: String, heard: Arc<Mutex<Heard>>) {
    let mut after = Value::Null;
    loop {
        let variables = json!({ "id": incident, "after": after });
        if let Some(mut subscription) = client.try_subscribe(transport, WATCH, variables).await {
            lock(&heard).connections += 1;
            let refusals = loop {
                match subscription.frame_sometime().await {
                    Frame::Next(mut data) => {
                        let mut event = data["timeline"].take();
                        after = event["cursor"].take();
                        let sequence = event["node"]["sequence"].as_i64().expect("an event has a sequence");
                        lock(&heard).events.push((sequence, event["node"]["text"].as_str().unwrap_or_default().to_owned()));
                    }
                    Frame::Failed(refusals) => break refusals,
                    Frame::Complete | Frame::Closed(_) => break Vec::new(),
                }
            };
            for refusal in refusals {
                *lock(&heard).refusals.entry(refusal.code().to_owned()).or_default() += 1;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}
