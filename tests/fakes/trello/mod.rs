//! A fake of Trello: boards, lists, cards, members, and webhooks.
//!
//! Where it is stricter than the vendor: arguments that the vendor ignores are refused, and so are bodies. It answers a limit without
//! saying when to try again.

mod cards;
mod control;
mod hooks;
mod routes;
mod state;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use self::cards::{Action, By};
pub use self::hooks::{Delivering, Delivery, Sent};
use self::routes::Outcome;
use self::state::State;
pub use self::state::{BOARD, Card, DOING, DONE, KIM, ME, OTHER_BOARD, OTHER_LIST, STRANGER, TODO, Webhook};
use super::front::Front;
use super::http::{Reply, Request};
use super::limits::Usage;
use super::serve::{Fake, Vendor};
use super::{Contract, Received};

/// The setting `trello.key`.
pub const KEY: &str = "trellofakekey0000000000000000000";
/// The setting `trello.token`.
pub const TOKEN: &str = "trellofaketoken0000000000000000000000000000000000000000000000000";
/// The setting `trello.secret`, which signs webhooks.
pub const SECRET: &str = "trello-fake-secret";
/// How long the vendor waits for an answer to a webhook.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running fake of it.
pub type TrelloFake = Fake<Trello>;

pub struct Trello {
    front: Front,
    state: Mutex<State>,
    http: reqwest::Client,
    hooks: Mutex<hooks::Hooks>,
    queue: UnboundedSender<Delivery>,
    /// Deliveries that are queued or under way.
    waiting: AtomicUsize,
}

/// The rate limits and how they were used.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests with the token in ten seconds.
    pub of_token: Usage,
    /// Requests with the key in ten seconds.
    pub of_key: Usage,
    /// Requests below `/members` in 15 minutes.
    pub of_members: Usage,
}

impl Limits {
    /// How many requests were refused by any of them.
    pub fn refused(&self) -> usize {
        self.of_token.refused + self.of_key.refused + self.of_members.refused
    }
}

impl TrelloFake {
    /// Checks every accepted request against the vendor's contract.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    #[must_use]
    pub fn checked(self) -> Self {
        self.vendor.front.check_by(Contract::trello());
        self
    }

    /// All cards, the oldest first, archived ones included.
    pub fn cards(&self) -> Vec<Card> {
        self.vendor.state().cards.values().cloned().collect()
    }

    /// The card with this id.
    pub fn card(&self, id: &str) -> Option<Card> {
        self.vendor.state().cards.get(id).cloned()
    }

    /// A person makes a card, and returns its id.
    pub fn person_adds(&self, member: &str, list: &str, name: &str) -> String {
        let arguments = [("idList", list), ("name", name)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let made = self.vendor.acting(member, |state, by| cards::create(state, by, &arguments));
        made.unwrap_or_else(|reply| refused(&reply))
    }

    /// A person moves a card to another list.
    pub fn person_moves(&self, member: &str, card: &str, list: &str) {
        self.person_sets(member, card, &[("idList", list)]);
    }

    /// A person gives a card another title.
    pub fn person_renames(&self, member: &str, card: &str, name: &str) {
        self.person_sets(member, card, &[("name", name)]);
    }

    /// A person sets or removes a card's due date.
    pub fn person_sets_due(&self, member: &str, card: &str, due: Option<&str>) {
        self.person_sets(member, card, &[("due", due.unwrap_or_default())]);
    }

    /// A person archives a card, or takes it back.
    pub fn person_archives(&self, member: &str, card: &str, closed: bool) {
        self.person_sets(member, card, &[("closed", if closed { "true" } else { "false" })]);
    }

    /// A person changes a card, by the arguments of `PUT /cards/{id}`.
    ///
    /// # Panics
    /// If it is refused.
    pub fn person_sets(&self, member: &str, card: &str, arguments: &[(&str, &str)]) {
        self.vendor.person_sets(member, card, arguments).unwrap_or_else(|reply| refused(&reply));
    }

    /// A person deletes a card for good.
    ///
    /// # Panics
    /// If it is refused.
    pub fn person_deletes(&self, member: &str, card: &str) {
        self.vendor.person_deletes(member, card).unwrap_or_else(|reply| refused(&reply));
    }

    /// A person comments on a card.
    ///
    /// # Panics
    /// If it is refused.
    pub fn person_comments(&self, member: &str, card: &str, text: &str) {
        self.vendor.person_comments(member, card, text).unwrap_or_else(|reply| refused(&reply));
    }

    /// Switches all webhooks off, as Trello does after many failures.
    pub fn switch_webhooks_off(&self) {
        self.vendor.state().webhooks.values_mut().for_each(|webhook| webhook.active = false);
    }

    /// The webhooks that are registered.
    pub fn webhooks(&self) -> Vec<Webhook> {
        self.vendor.state().webhooks.values().cloned().collect()
    }

    /// From now on, what happens with webhooks.
    pub fn deliver(&self, delivering: Delivering) {
        self.vendor.hooks().delivering = delivering;
    }

    /// Takes what was collected instead of posted.
    pub fn collected(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.vendor.hooks().collected)
    }

    /// What was posted so far, and how that ended.
    pub fn sent(&self) -> Vec<Sent> {
        self.vendor.hooks().sent.clone()
    }

    /// Whether all webhooks that were to be posted have been.
    pub fn is_settled(&self) -> bool {
        self.vendor.waiting.load(std::sync::atomic::Ordering::SeqCst) == 0
    }

    /// Posts a webhook to where it belongs, and returns the status of the answer.
    pub async fn post(&self, delivery: &Delivery) -> reqwest::Result<u16> {
        hooks::post(&self.vendor.http, delivery).await
    }

    /// From now on, the token and the key may make this many requests in ten seconds.
    pub fn set_limits(&self, of_token: usize, of_key: usize) {
        let mut state = self.vendor.state();
        state.of_token.set_limit(of_token);
        state.of_key.set_limit(of_key);
    }

    /// How the limits were used.
    pub fn limits(&self) -> Limits {
        let state = self.vendor.state();
        Limits { of_token: state.of_token.usage(), of_key: state.of_key.usage(), of_members: state.of_members.usage() }
    }

    /// Requests that changed something.
    pub fn changes(&self) -> Vec<Received> {
        let all = self.requests().into_iter();
        all.filter(|received| received.method != "GET").collect()
    }
}

impl Trello {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hooks(&self) -> MutexGuard<'_, hooks::Hooks> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn person_sets(&self, member: &str, card: &str, arguments: &[(&str, &str)]) -> Result<(), Reply> {
        let arguments: Vec<_> = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.acting(member, |state, by| Ok(((), cards::update(state, by, card, &arguments)?)))
    }

    fn person_deletes(&self, member: &str, card: &str) -> Result<(), Reply> {
        self.acting(member, |state, by| Ok(((), cards::delete(state, by, card)?)))
    }

    fn person_comments(&self, member: &str, card: &str, text: &str) -> Result<(), Reply> {
        self.acting(member, |state, by| Ok(((), cards::comment(state, by, card, text)?)))
    }

    /// Does something as a member, and notifies the webhooks.
    fn acting<T>(&self, member: &str, work: impl FnOnce(&mut State, By<'_>) -> Result<(T, Vec<Action>), Reply>) -> Result<T, Reply> {
        let mut state = self.state();
        let (done, actions) = work(&mut state, By { member, now: self.front.now() })?;
        self.tell(&state, &actions);
        Ok(done)
    }

    async fn register(&self, webhook: Webhook) -> Reply {
        match self.http.head(&webhook.callback).send().await {
            Ok(answer) if answer.status() == 200 => (),
            Ok(answer) => {
                let status = answer.status().as_u16();
                return Reply::text(400, &format!("URL ({}) did not return 200 status code, got {status}", webhook.callback));
            }
            Err(_) => return Reply::text(400, &format!("URL ({}) could not be reached", webhook.callback)),
        }
        let reply = Reply::json(200, &webhook.json());
        self.state().webhooks.insert(webhook.id.clone(), webhook);
        reply
    }
}

impl Vendor for Trello {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        let (queue, queued) = unbounded_channel();
        let http = crate::http().timeout(PATIENCE).build().expect("a client can be made");
        let (state, hooks) = (Mutex::new(State::new()), Mutex::default());
        let trello = Arc::new(Self { front, state, http, hooks, queue, waiting: AtomicUsize::new(0) });
        let sends = tokio::spawn(hooks::send_all(Arc::clone(&trello), queued));
        (trello, Some(sends))
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[TOKEN]
    }

    async fn answer(&self, request: &Request) -> Reply {
        let outcome = {
            let mut state = self.state();
            let outcome = routes::answer(&mut state, self.front.now(), request);
            if let Outcome::Answer(_, actions) = &outcome {
                self.tell(&state, actions);
            }
            outcome
        };
        match outcome {
            Outcome::Answer(reply, _) => reply,
            Outcome::Register(webhook) => self.register(webhook).await,
        }
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        control::answer(self, request)
    }
}

fn refused(reply: &Reply) -> ! {
    panic!("{}", json!({ "status": reply.status, "answer": String::from_utf8_lossy(&reply.body) }))
}
