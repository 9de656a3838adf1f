//! The webhooks that Trello sends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::cards::Action;
use super::state::State;
use super::{SECRET, Trello};
use crate::fakes::sign;

/// What happens with webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivering {
    /// They are posted, one after the other.
    #[default]
    Post,
    /// They are kept for [`collected`](super::TrelloFake::collected).
    Collect,
    /// They get lost.
    Lose,
}

/// One webhook on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Which webhook.
    pub webhook: String,
    /// Where it goes, as registered.
    pub callback: String,
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// What it is signed with.
    pub secret: String,
}

/// A webhook that was posted.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What was posted.
    pub delivery: Delivery,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
}

impl Delivery {
    /// The signature in `x-trello-webhook`.
    pub fn signature(&self) -> String {
        sign::trello(&self.secret, &self.body, &self.callback)
    }

    /// The same, signed with another secret.
    #[must_use]
    pub fn signed_with(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.secret);
        self
    }

    /// The action that it reports.
    pub fn action(&self) -> Value {
        serde_json::from_slice::<Value>(&self.body).expect("it was made from JSON")["action"].clone()
    }
}

#[derive(Default)]
pub(super) struct Hooks {
    pub delivering: Delivering,
    pub collected: Vec<Delivery>,
    pub sent: Vec<Sent>,
}

impl Trello {
    /// Notifies the webhooks that watch what these actions are about.
    pub(super) fn tell(&self, state: &State, actions: &[Action]) {
        for action in actions {
            for webhook in state.webhooks.values().filter(|webhook| webhook.active && action.models.contains(&webhook.model)) {
                let body = json!({ "model": model(state, &webhook.model), "action": action.json }).to_string().into_bytes();
                let (callback, secret) = (webhook.callback.clone(), SECRET.to_owned());
                let delivery = Delivery { webhook: webhook.id.clone(), callback, body, secret };
                let mut hooks = self.hooks();
                match hooks.delivering {
                    Delivering::Lose => (),
                    Delivering::Collect => hooks.collected.push(delivery),
                    Delivering::Post => {
                        self.waiting.fetch_add(1, Ordering::SeqCst);
                        self.queue.send(delivery).expect("the sender runs as long as the fake");
                    }
                }
            }
        }
    }
}

fn model(state: &State, id: &str) -> Value {
    let board = || state.board(id).map(super::state::Board::json);
    let list = || state.list(id).map(super::state::List::json);
    board().or_else(list).or_else(|| state.cards.get(id).map(super::Card::json)).unwrap_or_default()
}

/// Posts what is queued. An answer of 410 ends the webhook.
pub(super) async fn send_all(trello: Arc<Trello>, mut queued: UnboundedReceiver<Delivery>) {
    while let Some(delivery) = queued.recv().await {
        let status = post(&trello.http, &delivery).await.ok();
        {
            let mut state = trello.state();
            if status == Some(410) {
                state.webhooks.remove(&delivery.webhook);
            } else if let Some(webhook) = state.webhooks.get_mut(&delivery.webhook) {
                let went_well = status.is_some_and(|status| (200..300).contains(&status));
                webhook.failures = if went_well { 0 } else { webhook.failures + 1 };
            }
        }
        trello.hooks().sent.push(Sent { delivery, status });
        trello.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) async fn post(http: &reqwest::Client, delivery: &Delivery) -> reqwest::Result<u16> {
    let request = http.post(&delivery.callback).header("content-type", "application/json").header("x-trello-webhook", delivery.signature());
    Ok(request.body(delivery.body.clone()).send().await?.status().as_u16())
}
