//! A fake of Zendesk Support: tickets, their audits and comments, users, organisations, the search, and webhooks.
//!
//! Where it is stricter than the vendor: unknown fields of a ticket and unknown terms of a search are refused. Where the vendor may be
//! late, it is: a new ticket isn't found by the search for two minutes ([`ZendeskFake::set_index_lag`]).

mod control;
mod events;
mod paging;
mod routes;
mod search;
mod state;
mod tickets;
mod uploads;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

pub use self::events::{Delivery, TEST_SECRET};
use self::events::{Happened, event};
use self::state::State;
pub use self::state::{Comment, ME, Organization, Ticket, User};
pub use self::uploads::Attachment;
use super::front::Front;
use super::http::{Reply, Request};
use super::limits::Usage;
use super::serve::{Fake, Vendor};
use super::{Contract, Received};

/// The setting `zendesk.email`.
pub const EMAIL: &str = "muster@support.example";
/// The setting `zendesk.api_token`.
pub const API_TOKEN: &str = "zendesk-fake-api-token";
/// The setting `zendesk.webhook_secret`.
pub const WEBHOOK_SECRET: &str = "zendesk-fake-webhook-secret";
/// The account's number in webhooks.
pub const ACCOUNT_ID: u64 = 4242;
/// An agent who is not Muster.
pub const AGENT: u64 = 7002;
/// A client's user, of organisation [`ORGANIZATION`].
pub const CLIENT: u64 = 7101;
/// An organisation; the next one is 502, with user 7102.
pub const ORGANIZATION: u64 = 501;
/// How long a new ticket isn't found by the search, unless [`ZendeskFake::set_index_lag`] says otherwise.
pub const INDEX_LAG: Duration = Duration::from_mins(2);
/// How long the vendor waits for an answer to a webhook.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running fake of it.
pub type ZendeskFake = Fake<Zendesk>;

pub struct Zendesk {
    front: Front,
    state: Mutex<State>,
    http: reqwest::Client,
    /// Where every change is reported.
    target: Mutex<Option<String>>,
    queue: UnboundedSender<(String, Delivery)>,
}

/// The rate limits and how they were used.
#[derive(Clone, Debug)]
pub struct Limits {
    /// All requests of the account in a minute.
    pub requests: Usage,
    /// All changes of tickets in a minute.
    pub updates: Usage,
    /// Changes of one ticket in ten minutes: the ticket where they were most.
    pub updates_of_one_ticket: Option<Usage>,
}

impl Limits {
    /// How many requests were refused by any of them.
    pub fn refused(&self) -> usize {
        self.requests.refused + self.updates.refused + self.updates_of_one_ticket.map_or(0, |usage| usage.refused)
    }
}

impl ZendeskFake {
    /// Checks every accepted request against the vendor's contract.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    #[must_use]
    pub fn checked(self) -> Self {
        self.vendor.front.check_by(Contract::zendesk());
        self
    }

    /// All tickets, by number.
    pub fn tickets(&self) -> Vec<Ticket> {
        self.vendor.state().tickets.values().cloned().collect()
    }

    /// The ticket with this number.
    pub fn ticket(&self, id: u64) -> Option<Ticket> {
        self.vendor.state().tickets.get(&id).cloned()
    }

    /// Adds an organisation, and returns its number.
    pub fn add_organization(&self, name: &str, external_id: Option<&str>) -> u64 {
        let updated_at = self.now();
        let mut state = self.vendor.state();
        let id = state.fresh_id();
        let organization = Organization { id, name: name.to_owned(), external_id: external_id.map(str::to_owned), updated_at };
        state.organizations.insert(id, organization);
        id
    }

    /// Adds a user (`end-user`, `agent`, `admin`), and returns their number.
    pub fn add_user(&self, name: &str, email: &str, role: &str, organization_id: Option<u64>) -> u64 {
        let updated_at = self.now();
        let mut state = self.vendor.state();
        let id = state.fresh_id();
        let (name, email, role) = (name.to_owned(), email.to_owned(), role.to_owned());
        let user = User { id, name, email, role, organization_id, tags: Vec::new(), updated_at };
        state.users.insert(id, user);
        id
    }

    /// Gives a user a tag.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn tag_user(&self, user: u64, tag: &str) {
        let now = self.now();
        let mut state = self.vendor.state();
        let user = state.users.get_mut(&user).expect("there is such a user");
        user.tags.push(tag.to_owned());
        user.updated_at = now;
    }

    /// A person makes a ticket; the organisation is theirs unless `fields` has another. Returns its number.
    ///
    /// # Panics
    /// If the fields are refused.
    pub fn add_ticket(&self, author: u64, subject: &str, body: &str, fields: Value) -> u64 {
        self.vendor.add_ticket(author, subject, body, fields).unwrap_or_else(|reply| panic!("{}", String::from_utf8_lossy(&reply.body)))
    }

    /// A person comments. A client's reply opens a ticket that is pending, on hold or solved.
    ///
    /// # Panics
    /// If it is refused.
    pub fn add_comment(&self, ticket: u64, author: u64, body: &str, public: bool) -> Comment {
        let commented = self.vendor.add_comment(ticket, author, body, public);
        commented.unwrap_or_else(|reply| panic!("{}", String::from_utf8_lossy(&reply.body)))
    }

    /// A person changes fields of a ticket, as with `PUT`: `{ "status": "solved" }`.
    ///
    /// # Panics
    /// If it is refused.
    pub fn change_ticket(&self, ticket: u64, author: u64, fields: Value) {
        let changed = self.vendor.change_ticket(ticket, author, fields);
        changed.unwrap_or_else(|reply| panic!("{}", String::from_utf8_lossy(&reply.body)));
    }

    /// The webhook of a person's new ticket, which is made as by [`Self::add_ticket`].
    pub fn deliver_ticket_created(&self, author: u64, subject: &str, body: &str, fields: Value) -> (u64, Delivery) {
        let id = self.quietly(|| self.add_ticket(author, subject, body, fields));
        (id, self.vendor.delivery(id, author, &Happened::Created))
    }

    /// The webhook of a person's comment, which is made as by [`Self::add_comment`].
    pub fn deliver_comment(&self, ticket: u64, author: u64, body: &str, public: bool) -> Delivery {
        let comment = self.quietly(|| self.add_comment(ticket, author, body, public));
        self.vendor.delivery(ticket, author, &Happened::Commented(comment))
    }

    /// The webhook of a person's change of the status, which is made as by [`Self::change_ticket`].
    pub fn deliver_status(&self, ticket: u64, author: u64, status: &str) -> Delivery {
        let previous = self.ticket(ticket).expect("there is such a ticket").status;
        self.quietly(|| self.change_ticket(ticket, author, json!({ "status": status })));
        self.vendor.delivery(ticket, author, &Happened::Moved(previous))
    }

    /// Posts a webhook to `url`, and returns the status of the answer.
    pub async fn post(&self, url: &str, delivery: &Delivery) -> reqwest::Result<u16> {
        post(&self.vendor.http, url, delivery).await
    }

    /// From now on, new tickets, comments and statuses are reported to `url`, one after the other, including those that Muster makes.
    pub fn notify(&self, url: Option<&str>) {
        self.vendor.notify(url);
    }

    /// From now on, a search finds a ticket only when it is this old.
    pub fn set_index_lag(&self, lag: Duration) {
        self.vendor.state().index_lag = chrono::Duration::from_std(lag).expect("not for ages");
    }

    /// From now on, an unassigned ticket can't be solved. Otherwise whoever solves it becomes its assignee; which of the two
    /// applies is a setting of an account.
    pub fn refuse_to_solve_unassigned(&self) {
        self.vendor.state().assigns_on_solving = false;
    }

    /// From now on, a file may hold so many bytes.
    pub fn set_upload_limit(&self, bytes: usize) {
        self.vendor.state().largest_upload = bytes;
    }

    /// From now on, an administrator allows no files of any kind.
    pub fn refuse_uploads(&self) {
        self.vendor.state().takes_uploads = false;
    }

    /// From now on, the account may make so many requests in a minute, and so many changes of tickets.
    pub fn set_limits(&self, requests: usize, updates: usize) {
        let mut state = self.vendor.state();
        state.requests.set_limit(requests);
        state.updates.set_limit(updates);
    }

    /// How the limits were used.
    pub fn limits(&self) -> Limits {
        let state = self.vendor.state();
        let one = state.updates_of.values().map(super::limits::Window::usage).max_by_key(|usage| usage.highest);
        Limits { requests: state.requests.usage(), updates: state.updates.usage(), updates_of_one_ticket: one }
    }

    /// Requests that changed tickets.
    pub fn changes(&self) -> Vec<Received> {
        let all = self.requests_to("", "/api/v2/tickets").into_iter();
        all.filter(|received| received.method != "GET").collect()
    }

    /// Does something without reporting it.
    fn quietly<T>(&self, work: impl FnOnce() -> T) -> T {
        let target = self.vendor.target().take();
        let done = work();
        *self.vendor.target() = target;
        done
    }
}

impl Zendesk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn target(&self) -> MutexGuard<'_, Option<String>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self, url: Option<&str>) {
        *self.target() = url.map(str::to_owned);
    }

    fn add_ticket(&self, author: u64, subject: &str, body: &str, fields: Value) -> Result<u64, Reply> {
        let mut given = into_map(fields);
        given.insert("subject".to_owned(), subject.into());
        given.insert("comment".to_owned(), json!({ "body": body }));
        self.watching(author, |state| {
            if let Some(home) = state.users.get(&author).and_then(|user| user.organization_id) {
                given.entry("organization_id").or_insert(home.into());
            }
            tickets::add(state, self.front.now(), self.front.url(), author, &given)
        })
    }

    fn add_comment(&self, ticket: u64, author: u64, body: &str, public: bool) -> Result<Comment, Reply> {
        let mut given = into_map(json!({ "comment": { "body": body, "public": public } }));
        self.watching(author, |state| {
            let is_client = state.users.get(&author).is_some_and(|user| user.role == "end-user");
            let known = state.tickets.get(&ticket).ok_or_else(tickets::not_found)?;
            if is_client && ["pending", "hold", "solved"].contains(&known.status.as_str()) {
                given.insert("status".to_owned(), "open".into());
            }
            tickets::change(state, self.front.now(), self.front.url(), author, ticket, &given)?;
            Ok(state.tickets[&ticket].comments.last().expect("it was just added").clone())
        })
    }

    fn change_ticket(&self, ticket: u64, author: u64, fields: Value) -> Result<(), Reply> {
        self.watching(author, |state| {
            if !state.tickets.contains_key(&ticket) {
                return Err(tickets::not_found());
            }
            tickets::change(state, self.front.now(), self.front.url(), author, ticket, &into_map(fields))
        })
    }

    /// Does something, and queues the webhooks of what it changed.
    fn watching<T>(&self, actor: u64, work: impl FnOnce(&mut State) -> T) -> T {
        let target = self.target().clone();
        let mut state = self.state();
        let Some(target) = target else { return work(&mut state) };
        let before = state.tickets.clone();
        let done = work(&mut state);
        let changed: Vec<Ticket> = state
            .tickets
            .values()
            .filter(|ticket| before.get(&ticket.id).is_none_or(|old| old.updated_at != ticket.updated_at))
            .cloned()
            .collect();
        for ticket in changed {
            for happened in differences(before.get(&ticket.id), &ticket) {
                let delivery = self.sign(&mut state, ticket.id, actor, &happened);
                self.queue.send((target.clone(), delivery)).expect("the sender runs as long as the fake");
            }
        }
        done
    }

    fn delivery(&self, ticket: u64, actor: u64, happened: &Happened) -> Delivery {
        self.sign(&mut self.state(), ticket, actor, happened)
    }

    fn sign(&self, state: &mut State, ticket: u64, actor: u64, happened: &Happened) -> Delivery {
        let now = self.front.now();
        let event = event(state, now, ticket, actor, happened);
        Delivery::new(state, WEBHOOK_SECRET, now, &event)
    }
}

impl Vendor for Zendesk {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        let (queue, waiting) = unbounded_channel();
        let http = crate::http().timeout(PATIENCE).build().expect("a client can be made");
        let (state, target) = (Mutex::new(State::new()), Mutex::new(None));
        let sends = tokio::spawn(send_all(http.clone(), waiting));
        (Arc::new(Self { front, state, http, target, queue }), Some(sends))
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[API_TOKEN]
    }

    async fn answer(&self, request: &Request) -> Reply {
        self.watching(ME, |state| routes::answer(state, self.front.now(), self.front.url(), request))
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        control::answer(self, request)
    }
}

fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn differences(before: Option<&Ticket>, after: &Ticket) -> Vec<Happened> {
    let Some(before) = before else { return vec![Happened::Created] };
    let mut all: Vec<Happened> = after.comments.iter().skip(before.comments.len()).cloned().map(Happened::Commented).collect();
    if before.status != after.status {
        all.push(Happened::Moved(before.status.clone()));
    }
    all
}

async fn send_all(http: reqwest::Client, mut waiting: UnboundedReceiver<(String, Delivery)>) {
    while let Some((url, delivery)) = waiting.recv().await {
        // Missed webhooks are part of the play.
        let _ = post(&http, &url, &delivery).await;
    }
}

async fn post(http: &reqwest::Client, url: &str, delivery: &Delivery) -> reqwest::Result<u16> {
    let request = delivery.headers().into_iter().fold(http.post(url), |request, (name, value)| request.header(name, value));
    Ok(request.body(delivery.body.clone()).send().await?.status().as_u16())
}
