//! A fake of Google Drive and of the server that gives tokens: a shared drive with one folder, to which one service account may add.
//!
//! Where it is stricter than the real one: it takes only ids that it gave, knows the one search that Muster makes, and wants its flags for
//! shared drives on every call.

mod described;
mod routes;
mod token;
mod uploads;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use bytes::Bytes;
use serde_json::json;
use tokio::task::JoinHandle;

pub use self::described::described;
use self::uploads::Session;
use super::Contract;
use super::control::done;
use super::front::Front;
use super::http::{Reply, Request};
use super::serve::{Fake, Vendor};

/// The setting `drive.folder`.
pub const FOLDER: &str = "1IncidentsFolder";
/// The service account.
pub const EMAIL: &str = "muster@fake.iam.gserviceaccount.com";
/// The type of folders.
pub const FOLDER_TYPE: &str = "application/vnd.google-apps.folder";

/// A running fake of it.
pub type DriveFake = Fake<Drive>;

pub struct Drive {
    front: Front,
    state: Mutex<State>,
}

/// A folder or file.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: String,
    pub name: String,
    pub mime_type: String,
    pub parent: String,
    pub app_properties: BTreeMap<String, String>,
    pub content: Bytes,
    pub trashed: bool,
    /// How often its content was written.
    pub writes: usize,
    /// When it was made: the number of the item.
    made: usize,
    /// Whether the search knows it.
    indexed: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is something that a test may change")]
struct State {
    items: BTreeMap<String, Item>,
    sessions: HashMap<String, Session>,
    /// Ids that were given out, and those that were ever used.
    given: BTreeSet<String>,
    used: BTreeSet<String>,
    tokens: usize,
    /// The token that counts.
    token: Option<String>,
    is_account_known: bool,
    /// The person for whom the account may act.
    acts_for: Option<String>,
    may_add: bool,
    is_shared: bool,
    is_full: bool,
    lags: bool,
    /// How many requests more are too many.
    too_many: usize,
    next: usize,
}

impl DriveFake {
    /// Checks every accepted request against Google's description.
    #[must_use]
    pub fn checked(self) -> Self {
        self.vendor.front.check_by(Contract::drive());
        self
    }

    /// The file with the key of the account, as Google gives it.
    pub fn credentials(&self) -> String {
        let key = json!({
            "type": "service_account", "project_id": "fake", "private_key_id": "1", "private_key": token::KEY, "client_email": EMAIL,
            "token_uri": format!("{}/token", self.url()),
        });
        key.to_string()
    }

    /// Everything but the incidents' folder, in the order of making.
    pub fn items(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self.vendor.state().items.values().filter(|item| item.id != FOLDER).cloned().collect();
        items.sort_by_key(|item| item.made);
        items
    }

    /// The folders of incidents.
    pub fn folders(&self) -> Vec<Item> {
        self.items().into_iter().filter(|item| item.mime_type == FOLDER_TYPE).collect()
    }

    /// The file of this name.
    ///
    /// # Panics
    /// If there is none, or several are called that.
    pub fn file(&self, name: &str) -> Item {
        let [file] = <[Item; 1]>::try_from(self.items().into_iter().filter(|item| item.name == name).collect::<Vec<_>>())
            .unwrap_or_else(|items| panic!("one {name}: {items:?} among {:?}", self.items()));
        file
    }

    /// A person changes an item.
    ///
    /// # Panics
    /// If there is none with this id.
    pub fn person_changes(&self, id: &str, change: impl FnOnce(&mut Item)) {
        change(self.vendor.state().items.get_mut(id).expect("there is such an item"));
    }

    /// A person deletes an item for good, and with it what is in it.
    pub fn person_deletes(&self, id: &str) {
        self.vendor.state().items.retain(|_, item| item.id != id && item.parent != id);
    }

    /// There is another folder with the marker of this one, made later.
    pub fn folder_again(&self, id: &str) -> String {
        let mut state = self.vendor.state();
        let copied = state.items[id].clone();
        let id = format!("{id}-again");
        let made = state.number();
        state.items.insert(id.clone(), Item { id: id.clone(), made, ..copied });
        id
    }

    /// From now on, the token that was given is worth nothing.
    pub fn revoke_token(&self) {
        self.vendor.state().token = None;
    }

    /// From now on, nobody knows the account's key; or again.
    pub fn know_account(&self, known: bool) {
        let mut state = self.vendor.state();
        state.is_account_known = known;
        state.token = None;
    }

    /// From now on, the account may act for this person.
    pub fn delegate(&self, person: &str) {
        self.vendor.state().acts_for = Some(person.to_owned());
    }

    /// From now on, the account may add to the folder, or not.
    pub fn let_add(&self, may: bool) {
        self.vendor.state().may_add = may;
    }

    /// From now on, the folder is in a shared drive, or not.
    pub fn be_shared(&self, shared: bool) {
        self.vendor.state().is_shared = shared;
    }

    /// From now on, there is no room, or there is.
    pub fn be_full(&self, full: bool) {
        self.vendor.state().is_full = full;
    }

    /// The next requests are too many, which Google says with a 403.
    pub fn be_busy(&self, requests: usize) {
        self.vendor.state().too_many = requests;
    }

    /// From now on, the search does not find what is new; or it does, and all that it missed.
    pub fn lag(&self, lags: bool) {
        let mut state = self.vendor.state();
        state.lags = lags;
        if !lags {
            state.items.values_mut().for_each(|item| item.indexed = true);
        }
    }
}

impl Drive {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new() -> Self {
        let folder = Item {
            id: FOLDER.to_owned(),
            name: "Incidents".to_owned(),
            mime_type: FOLDER_TYPE.to_owned(),
            parent: "0ADrive".to_owned(),
            app_properties: BTreeMap::new(),
            content: Bytes::new(),
            trashed: false,
            writes: 0,
            made: 0,
            indexed: true,
        };
        Self {
            items: BTreeMap::from([(FOLDER.to_owned(), folder)]),
            sessions: HashMap::new(),
            given: BTreeSet::new(),
            used: BTreeSet::new(),
            tokens: 0,
            token: None,
            is_account_known: true,
            acts_for: None,
            may_add: true,
            is_shared: true,
            is_full: false,
            lags: false,
            too_many: 0,
            next: 1,
        }
    }

    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }
}

impl Vendor for Drive {
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>) {
        (Arc::new(Self { front, state: Mutex::new(State::new()) }), None)
    }

    fn front(&self) -> &Front {
        &self.front
    }

    fn secrets(&self) -> &[&str] {
        &[]
    }

    async fn answer(&self, request: &Request) -> Reply {
        self.state().answer(&self.front, request).unwrap_or_else(|refusal| refusal)
    }

    fn control(&self, request: &Request) -> Option<Reply> {
        let mut state = self.state();
        match (&request.method, request.segments().get(1..)?) {
            (&Method::GET, ["items"]) => {
                let names = state.items.values().map(|item| json!({ "id": item.id, "name": item.name, "trashed": item.trashed }));
                return Some(Reply::json(200, &names.collect()));
            }
            (&Method::POST, ["items", id, "bin"]) => state.items.get_mut(*id)?.trashed = true,
            (&Method::POST, ["full"]) => state.is_full = request.json().unwrap_or_default()["on"] == json!(true),
            _ => return None,
        }
        Some(done())
    }
}
