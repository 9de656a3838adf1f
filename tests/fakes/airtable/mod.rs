//! A fake of Airtable: one base with sites and their clients, views, and lists in pages.
//!
//! Where it is stricter than the real one: arguments that it does not know are refused, and so is everything for 30 seconds after there were
//! too many requests. What the documentation leaves open is as hard for a client as it can be: names are looked at when a list is begun, so a
//! field that is renamed while it is read is silently missing from the later pages.

mod base;
mod described;
mod routes;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub use self::base::Base;
pub use self::described::described;
use super::Contract;
use super::control::done;
use super::front::Front;
use super::http::{Reply, Request};
use super::limits::{Usage, Window};
use super::serve::{Fake, Vendor};

/// The setting `airtable.token`.
pub const TOKEN: &str = "patFakeToken00001.0123456789abcdef";
/// The setting `airtable.base`.
pub const BASE: &str = "appFakeSites00001";
/// The setting `airtable.table`.
pub const TABLE: &str = "Sites";
/// The setting `airtable.view`.
pub const VIEW: &str = "Live";
/// What the fields of sites are called, by their names in `[airtable.fields]`.
pub const FIELDS: [(&str, &str); 10] = [
    ("name", "Site"),
    ("url", "URL"),
    ("hosts", "Other hosts"),
    ("client", "Client"),
    ("environment", "Tier"),
    ("importance", "Important"),
    ("hosting", "Runs at"),
    ("runbook", "Runbook"),
    ("tooling", "Grafana"),
    ("expected", "Notes"),
];
/// Requests to a base in a second.
const REQUESTS: usize = 5;
/// How long it takes nothing after there were more.
const QUIET: chrono::Duration = chrono::Duration::seconds(30);
/// How long a list can be continued.
const REMEMBERED: chrono::Duration = chrono::Duration::minutes(5);

/// A running fake of it.
pub type AirtableFake = Fake<Airtable>;

pub struct Airtable {
    front: Front,
    state: Mutex<State>,
}

/// A list that was begun.
struct List {
    table: String,
    left: Vec<String>,
    since: DateTime<Utc>,
}

type Change = Box<dyn FnOnce(&mut Base) + Send>;

struct State {
    base: Base,
    token: String,
    sees_schema: bool,
    lists: BTreeMap<String, List>,
    next: usize,
    window: Window,
    quiet_until: Option<DateTime<Utc>>,
    /// Whether each page is followed by itself.
    repeats_pages: bool,
    /// What people do there between two pages.
    between: Option<Change>,
}

impl AirtableFake {
    /// Checks every accepted request against what is known of Airtable.
    #[must_use]
    pub fn checked(self) -> Self {
        self.vendor.front.check_by(Contract::airtable());
        self
    }

    /// A person changes the base.
    pub fn change<T>(&self, change: impl FnOnce(&mut Base) -> T) -> T {
        change(&mut self.vendor.state().base)
    }

    /// A person changes the base once the next page was given that is not the last.
    pub fn change_between_pages(&self, change: impl FnOnce(&mut Base) + Send + 'static) {
        self.vendor.state().between = Some(Box::new(change));
    }

    /// Forgets all lists, once the next page was given if there is one to come.
    pub fn forget_lists_between_pages(&self) {
        self.change_between_pages(|base| base.forgets_lists += 1);
    }

    /// From now on, each page that is not the last is followed by itself.
    pub fn repeat_pages(&self) {
        self.vendor.state().repeats_pages = true;
    }

    /// From now on, this is the token.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.vendor.state().token);
    }

    /// Whether the token has the scope for the schema of bases.
    pub fn show_schema(&self, shows: bool) {
        self.vendor.state().sees_schema = shows;
    }

    /// How the limit of requests was used.
    pub fn usage(&self) -> Usage {
        self.vendor.state().window.usage()
    }

    /// From now on, it takes so many requests in a second.
    pub fn set_limit(&self, limit: usize) {
        self.vendor.state().window.set_limit(limit);
    }
}

impl Airtable {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vendor for Airtable {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        let state = State {
            base: Base::new(),
            token: TOKEN.to_owned(),
            sees_schema: true,
            lists: BTreeMap::new(),
            next: 1,
            window: Window::new(REQUESTS, chrono::Duration::seconds(1)),
            quiet_until: None,
            repeats_pages: false,
            between: None,
        };
        (Arc::new(Self { front, state: Mutex::new(state) }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[TOKEN]
    }

    async fn answer(&self, request: &Request) -> Reply {
        let now = self.front.now();
        self.state().answer(now, request).unwrap_or_else(|refusal| refusal)
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let body = request.json().unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let mut state = self.state();
        let base = &mut state.base;
        match (&request.method, request.segments().get(1..)?) {
            (&Method::POST, ["sites"]) => return Some(Reply::json(200, &json!({ "id": base.add(TABLE, &body) }))),
            (&Method::DELETE, ["sites", id]) => base.remove(id),
            (&Method::POST, ["rename"]) => base.rename_field(TABLE, &text("from")?, &text("to")?),
            (&Method::POST, ["hide"]) => base.hide_all(VIEW, body["but"].as_u64().and_then(|but| usize::try_from(but).ok()).unwrap_or(0)),
            (&Method::POST, ["show"]) => base.show_all(VIEW),
            _ => return None,
        }
        Some(done())
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Number(_) | Value::Object(_) => false,
    }
}
