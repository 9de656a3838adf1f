//! The state of the fake Trello.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::fakes::limits::Window;

/// A board, as every start has it.
pub const BOARD: &str = "64b000000000000000000001";
/// Its list for what is to be done.
pub const TODO: &str = "64b000000000000000000011";
/// Its list for what is being done.
pub const DOING: &str = "64b000000000000000000012";
/// Its list for what is done.
pub const DONE: &str = "64b000000000000000000013";
/// Another board, with one list.
pub const OTHER_BOARD: &str = "64b000000000000000000002";
/// The list of the other board.
pub const OTHER_LIST: &str = "64b000000000000000000021";
/// The member whose token Muster has.
pub const ME: &str = "64b0000000000000000000a1";
/// Another member of the board.
pub const KIM: &str = "64b0000000000000000000a2";
/// A member of no board.
pub const STRANGER: &str = "64b0000000000000000000a3";

/// A card.
#[derive(Clone, Debug)]
pub struct Card {
    /// 24 hexadecimal digits, of which the first eight are when it was made.
    pub id: String,
    /// Its number on the board.
    pub id_short: u64,
    /// The end of its short address.
    pub short_link: String,
    /// Its title.
    pub name: String,
    /// Its text.
    pub desc: String,
    /// Whether it is archived.
    pub closed: bool,
    /// The board that it is on.
    pub board: String,
    /// The list that it is in.
    pub list: String,
    /// Its members.
    pub members: Vec<String>,
    /// When it is due.
    pub due: Option<DateTime<Utc>>,
    /// Whether it is done in time.
    pub due_complete: bool,
    /// Its place in the list.
    pub pos: f64,
    /// When anything happened to it.
    pub last_activity: DateTime<Utc>,
    /// What was said about it, the oldest first.
    pub comments: Vec<String>,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// The board, list or card that it watches.
    pub model: String,
    /// Where it posts, as registered.
    pub callback: String,
    /// Whether it posts.
    pub active: bool,
    /// Deliveries that failed since one succeeded.
    pub failures: u64,
}

pub(super) struct Board {
    pub id: &'static str,
    pub name: &'static str,
    pub members: Vec<&'static str>,
}

pub(super) struct List {
    pub id: &'static str,
    pub name: &'static str,
    pub board: &'static str,
}

pub(super) struct Member {
    pub id: &'static str,
    pub username: &'static str,
    pub full_name: &'static str,
}

pub(super) struct State {
    pub boards: Vec<Board>,
    pub lists: Vec<List>,
    pub members: Vec<Member>,
    pub cards: BTreeMap<String, Card>,
    pub webhooks: BTreeMap<String, Webhook>,
    pub of_token: Window,
    pub of_key: Window,
    pub of_members: Window,
    next: u64,
}

impl State {
    pub fn new() -> Self {
        let list = |id, name, board| List { id, name, board };
        let member = |id, username, full_name| Member { id, username, full_name };
        Self {
            boards: vec![
                Board { id: BOARD, name: "Incident actions", members: vec![ME, KIM] },
                Board { id: OTHER_BOARD, name: "Something else", members: vec![ME] },
            ],
            lists: vec![
                list(TODO, "To do", BOARD),
                list(DOING, "Doing", BOARD),
                list(DONE, "Done", BOARD),
                list(OTHER_LIST, "Things", OTHER_BOARD),
            ],
            members: vec![
                member(ME, "muster", "Muster"),
                member(KIM, "kim", "Kim of the board"),
                member(STRANGER, "stranger", "Somebody else"),
            ],
            cards: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            of_token: Window::new(100, Duration::seconds(10)),
            of_key: Window::new(300, Duration::seconds(10)),
            of_members: Window::new(100, Duration::minutes(15)),
            next: 0,
        }
    }

    /// An id as the vendor makes them.
    pub fn fresh_id(&mut self, now: DateTime<Utc>) -> String {
        self.next += 1;
        format!("{:08x}{:016x}", now.timestamp(), self.next)
    }

    pub fn number(&self) -> u64 {
        self.next
    }

    pub fn board(&self, id: &str) -> Option<&Board> {
        self.boards.iter().find(|board| board.id == id)
    }

    pub fn list(&self, id: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.id == id)
    }

    pub fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// A place at the end of a list, or at its top.
    pub fn place(&self, list: &str, pos: &str) -> Option<f64> {
        let taken = self.cards.values().filter(|card| card.list == list).map(|card| card.pos);
        match pos {
            "top" => Some(taken.fold(16384.0, f64::min) / 2.0),
            "bottom" => Some(taken.fold(0.0, f64::max) + 16384.0),
            number => number.parse().ok().filter(|number: &f64| *number > 0.0),
        }
    }
}

impl Card {
    pub(super) fn json(&self) -> Value {
        let url = format!("https://trello.example/c/{}", self.short_link);
        json!({
            "id": self.id, "idShort": self.id_short, "shortLink": self.short_link, "shortUrl": url,
            "url": format!("{url}/{}-card", self.id_short), "name": self.name, "desc": self.desc, "descData": null, "closed": self.closed,
            "idBoard": self.board, "idList": self.list, "idMembers": self.members, "idLabels": [], "labels": [], "idChecklists": [],
            "due": self.due.map(millis), "dueComplete": self.due_complete, "dueReminder": null, "start": null, "pos": self.pos,
            "dateLastActivity": millis(self.last_activity), "subscribed": false, "isTemplate": false, "cardRole": null,
            "badges": { "comments": self.comments.len(), "due": self.due.map(millis), "dueComplete": self.due_complete },
        })
    }

    /// What actions say of it.
    pub(super) fn brief(&self) -> Map<String, Value> {
        let brief = json!({ "id": self.id, "name": self.name, "idShort": self.id_short, "shortLink": self.short_link });
        brief.as_object().cloned().unwrap_or_default()
    }
}

impl Board {
    pub fn json(&self) -> Value {
        let url = format!("https://trello.example/b/{}", &self.id[16..]);
        json!({
            "id": self.id, "name": self.name, "desc": "", "descData": null, "closed": false, "idOrganization": null, "idEnterprise": null,
            "pinned": false, "url": url, "shortUrl": url, "shortLink": &self.id[16..], "prefs": { "permissionLevel": "private" },
            "labelNames": {},
        })
    }
}

impl List {
    pub fn json(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "closed": false, "idBoard": self.board, "pos": 16384, "subscribed": false })
    }
}

impl Member {
    pub fn json(&self) -> Value {
        json!({ "id": self.id, "username": self.username, "fullName": self.full_name, "initials": &self.full_name[..1], "avatarHash": null })
    }
}

impl Webhook {
    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id, "description": self.description, "idModel": self.model, "callbackURL": self.callback, "active": self.active,
            "consecutiveFailures": self.failures, "firstConsecutiveFailDate": null,
        })
    }
}

pub(super) fn millis(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
