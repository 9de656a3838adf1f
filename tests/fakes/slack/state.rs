//! What the workspace knows.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::methods::METHODS;
use super::{APP, BOT, BOT_USER, GENERAL, KIM, LEE, SAM, TEAM};
use crate::fakes::limits::Window;

/// Somebody of the workspace, or of another one.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub name: String,
    pub email: Option<String>,
    /// Which workspace is theirs.
    pub team: String,
    /// Of somebody of an organisation: all workspaces that are.
    pub teams: Vec<String>,
    pub is_bot: bool,
    pub is_guest: bool,
    pub is_deleted: bool,
}

/// A channel, or one person's conversation with the app.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: String,
    pub name: String,
    pub is_private: bool,
    pub is_archived: bool,
    /// When it was made, in seconds, and by whom.
    pub created: i64,
    pub creator: String,
    /// Of a direct conversation: with whom.
    pub with: Option<String>,
    pub topic: String,
    pub purpose: String,
    pub members: BTreeSet<String>,
    /// By `ts`.
    pub messages: BTreeMap<String, Message>,
    pub pins: Vec<String>,
    /// Title and link.
    pub bookmarks: Vec<(String, String)>,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    pub ts: String,
    /// Who wrote it.
    pub user: String,
    pub text: String,
    pub blocks: Value,
    pub metadata: Value,
    pub thread: Option<String>,
    pub edits: usize,
    /// Emoji and who chose it.
    pub reactions: BTreeSet<(String, String)>,
    pub files: Vec<String>,
}

/// A file that somebody shared.
#[derive(Clone, Debug)]
pub struct File {
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub content: Bytes,
}

/// A form that somebody has open.
#[derive(Clone, Debug)]
pub struct View {
    pub id: String,
    pub user: String,
    pub view: Value,
    pub hash: String,
    /// What the form was told is wrong, by block.
    pub errors: Value,
}

/// What was answered to one person, or by a `response_url`.
#[derive(Clone, Debug)]
pub struct Whisper {
    pub user: String,
    pub channel: String,
    pub body: Value,
}

pub(super) struct Trigger {
    pub user: String,
    pub at: DateTime<Utc>,
    pub is_used: bool,
}

pub(super) struct Reply {
    pub user: String,
    pub channel: String,
    pub at: DateTime<Utc>,
    pub left: usize,
}

/// What the next calls of a method are refused with.
pub(super) struct Refusing {
    pub method: String,
    pub error: String,
    /// Whether it is done all the same.
    pub is_done: bool,
    pub left: usize,
}

pub(super) struct State {
    pub users: BTreeMap<String, User>,
    pub channels: BTreeMap<String, Channel>,
    pub files: BTreeMap<String, File>,
    pub views: BTreeMap<String, View>,
    pub homes: BTreeMap<String, Value>,
    pub whispers: Vec<Whisper>,
    pub triggers: HashMap<String, Trigger>,
    pub replies: HashMap<String, Reply>,
    pub tickets: BTreeSet<String>,
    /// Where sockets are.
    pub socket: SocketAddr,
    pub scopes: BTreeSet<String>,
    pub is_revoked: bool,
    pub refuses_sockets: bool,
    pub refusing: VecDeque<Refusing>,
    pub windows: HashMap<String, Window>,
    last: i64,
    next: usize,
}

impl State {
    pub fn new(socket: SocketAddr) -> Self {
        let user = |id: &str, name: &str, email: Option<&str>| User {
            id: id.to_owned(),
            name: name.to_owned(),
            email: email.map(str::to_owned),
            team: TEAM.to_owned(),
            teams: Vec::new(),
            is_bot: email.is_none(),
            is_guest: false,
            is_deleted: false,
        };
        let users = [
            user(BOT_USER, "Muster", None),
            user(KIM, "Kim", Some("kim@example.org")),
            user(LEE, "Lee", Some("lee@example.org")),
            user(SAM, "Sam", Some("sam@example.org")),
        ];
        let general = Channel {
            creator: SAM.to_owned(),
            members: [KIM, LEE, SAM, BOT_USER].map(str::to_owned).into(),
            ..Channel::new(GENERAL, "general", false)
        };
        let scopes = METHODS.iter().flat_map(|method| [method.scopes.first(), method.private.first()]).flatten();
        Self {
            users: users.into_iter().map(|user| (user.id.clone(), user)).collect(),
            channels: BTreeMap::from([(GENERAL.to_owned(), general)]),
            files: BTreeMap::new(),
            views: BTreeMap::new(),
            homes: BTreeMap::new(),
            whispers: Vec::new(),
            triggers: HashMap::new(),
            replies: HashMap::new(),
            tickets: BTreeSet::new(),
            socket,
            scopes: scopes
                .copied()
                .chain(["commands", "reactions:read", "pins:read", "files:read", "users:read.email", "im:history"])
                .map(str::to_owned)
                .collect(),
            is_revoked: false,
            refuses_sockets: false,
            refusing: VecDeque::new(),
            windows: HashMap::new(),
            last: 0,
            next: 1,
        }
    }

    /// An id that nothing else has.
    pub fn id(&mut self, prefix: &str) -> String {
        self.next += 1;
        format!("{prefix}0FAKE{:05}", self.next)
    }

    /// The time of a message, which no other message has.
    pub fn ts(&mut self, now: DateTime<Utc>) -> String {
        self.last = now.timestamp_micros().max(self.last + 1);
        ts(self.last)
    }

    pub fn channel(&mut self, id: &str) -> Result<&mut Channel, Value> {
        self.channels.get_mut(id).ok_or_else(|| wrong("channel_not_found"))
    }

    /// The channel, as long as something may be done in it.
    pub fn open_channel(&mut self, id: &str) -> Result<&mut Channel, Value> {
        let channel = self.channel(id)?;
        if channel.is_archived { Err(wrong("is_archived")) } else { Ok(channel) }
    }

    /// The conversation with this person, which begins with the first message.
    pub fn conversation_with(&mut self, user: &str) -> String {
        let known = self.channels.values().find(|channel| channel.with.as_deref() == Some(user)).map(|channel| channel.id.clone());
        known.unwrap_or_else(|| {
            let id = self.id("D");
            let channel =
                Channel { with: Some(user.to_owned()), members: [user, BOT_USER].map(str::to_owned).into(), ..Channel::new(&id, "", true) };
            self.channels.insert(id.clone(), channel);
            id
        })
    }

    pub fn trigger(&mut self, user: &str, now: DateTime<Utc>) -> String {
        let id = self.id("TR");
        self.triggers.insert(id.clone(), Trigger { user: user.to_owned(), at: now, is_used: false });
        id
    }

    /// Uses up a trigger, and says whose it was.
    pub fn pull(&mut self, trigger: &str, now: DateTime<Utc>) -> Result<String, Value> {
        let known = self.triggers.get_mut(trigger).ok_or_else(|| wrong("invalid_trigger_id"))?;
        if known.is_used {
            return Err(wrong("exchanged_trigger_id"));
        }
        if now - known.at > Duration::seconds(3) {
            return Err(wrong("expired_trigger_id"));
        }
        known.is_used = true;
        Ok(known.user.clone())
    }

    pub fn may_reply(&mut self, user: &str, channel: &str, now: DateTime<Utc>) -> String {
        let id = self.id("RE");
        let reply = Reply { user: user.to_owned(), channel: channel.to_owned(), at: now, left: 5 };
        self.replies.insert(id.clone(), reply);
        id
    }
}

impl Channel {
    pub(super) fn new(id: &str, name: &str, is_private: bool) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            is_private,
            is_archived: false,
            created: 0,
            creator: BOT_USER.to_owned(),
            with: None,
            topic: String::new(),
            purpose: String::new(),
            members: BTreeSet::new(),
            messages: BTreeMap::new(),
            pins: Vec::new(),
            bookmarks: Vec::new(),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "is_channel": self.with.is_none(), "is_private": self.is_private, "is_archived": self.is_archived,
            "is_im": self.with.is_some(), "created": self.created, "is_member": self.members.contains(BOT_USER), "creator": self.creator, "is_ext_shared": false,
            "topic": { "value": self.topic, "creator": BOT_USER, "last_set": 0 },
            "purpose": { "value": self.purpose, "creator": BOT_USER, "last_set": 0 },
        })
    }
}

impl Message {
    pub(super) fn new(ts: String, user: &str, text: &str) -> Self {
        Self {
            ts,
            user: user.to_owned(),
            text: text.to_owned(),
            blocks: json!([]),
            metadata: Value::Null,
            thread: None,
            edits: 0,
            reactions: BTreeSet::new(),
            files: Vec::new(),
        }
    }

    /// Whether the app wrote it.
    pub fn is_ours(&self) -> bool {
        self.user == BOT_USER
    }

    /// The buttons under it: what they say, and their action and value.
    pub fn buttons(&self) -> Vec<(String, String, String)> {
        buttons(&self.blocks)
    }

    /// Whether there is a button under it that says this.
    pub fn has_button(&self, label: &str) -> bool {
        self.buttons().iter().any(|(says, ..)| says == label)
    }

    /// All that people read in it.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        texts(&self.blocks, &mut words);
        if words.is_empty() { self.text.clone() } else { words.join("\n") }
    }
}

impl User {
    pub(super) fn is_here(&self) -> bool {
        self.team == TEAM || self.teams.iter().any(|team| team == TEAM)
    }

    pub(super) fn json(&self) -> Value {
        let mut told = json!({
            "id": self.id, "team_id": self.team, "name": self.name.to_lowercase(), "real_name": self.name, "deleted": self.is_deleted,
            "is_bot": self.is_bot, "is_restricted": self.is_guest, "is_ultra_restricted": false, "is_stranger": !self.is_here(),
            "profile": { "real_name": self.name, "display_name": self.name, "email": self.email },
        });
        if !self.teams.is_empty() {
            told["enterprise_user"] = json!({ "id": self.id, "enterprise_id": "E0FAKE", "enterprise_name": "Fake", "teams": self.teams });
        }
        told
    }
}

impl State {
    /// A message as it is told.
    pub fn told(&self, message: &Message, with_metadata: bool) -> Value {
        let mut told = json!({ "type": "message", "ts": message.ts, "user": message.user, "text": message.text, "team": TEAM });
        if message.is_ours() {
            told["bot_id"] = BOT.into();
            told["app_id"] = APP.into();
        }
        if message.blocks.as_array().is_some_and(|blocks| !blocks.is_empty()) {
            told["blocks"] = message.blocks.clone();
        }
        if with_metadata && !message.metadata.is_null() {
            told["metadata"] = message.metadata.clone();
        }
        if let Some(thread) = &message.thread {
            told["thread_ts"] = thread.as_str().into();
        }
        if message.edits > 0 {
            told["edited"] = json!({ "user": message.user, "ts": message.ts });
        }
        told
    }

    /// The same with its files, which are at `url`.
    pub fn told_with_files(&self, message: &Message, url: &str) -> Value {
        let mut told = self.told(message, false);
        let files = message.files.iter().filter_map(|id| self.files.get(id)).map(|file| {
            json!({
                "id": file.id, "name": file.name, "mimetype": file.media_type, "size": file.content.len(), "mode": "hosted",
                "url_private": format!("{url}/files/{}", file.id), "url_private_download": format!("{url}/files/{}", file.id),
            })
        });
        let files: Vec<Value> = files.collect();
        if !files.is_empty() {
            told["files"] = files.into();
        }
        told
    }
}

/// A refusal, which has the status 200.
pub(super) fn wrong(error: &str) -> Value {
    json!({ "ok": false, "error": error })
}

/// Microseconds as the time of a message.
pub(super) fn ts(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// The buttons in `blocks`.
pub(super) fn buttons(blocks: &Value) -> Vec<(String, String, String)> {
    let rows = blocks.as_array().into_iter().flatten();
    let elements = rows.flat_map(|block| block["elements"].as_array().into_iter().flatten().chain(block.get("accessory")));
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let buttons = elements.filter(|element| element["type"] == "button" && element.get("url").is_none());
    buttons.map(|button| (word(&button["text"]["text"]), word(&button["action_id"]), word(&button["value"]))).collect()
}

/// Every text in `value`, in order.
pub(super) fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(parts) => parts.iter().for_each(|part| texts(part, found)),
        Value::Object(object) => {
            if let (Some(Value::String(text)), Some(Value::String(kind))) = (object.get("text"), object.get("type"))
                && matches!(kind.as_str(), "mrkdwn" | "plain_text")
            {
                found.push(text.clone());
            }
            object.values().filter(|part| part.is_object() || part.is_array()).for_each(|part| texts(part, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
