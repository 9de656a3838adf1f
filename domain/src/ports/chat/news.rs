//! What people do in the chat, as it arrives.

use entity::{IncidentId, Timestamp};

use super::{FormKind, Posted, Press, Values};

/// Who did something in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Their account.
    pub account: String,
    /// Display name, or what there is instead.
    pub name: String,
    /// The workspace that they belong to, as far as what arrived says. Only in ours is an account what [`super::ChatRooms::by_account`] knows by
    /// that name.
    pub workspace: Option<String>,
}

/// Something that happened in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatNews {
    /// Somebody typed a command.
    Command {
        /// Who.
        by: Asker,
        /// In this channel.
        channel: String,
        /// The text after the command's name. People are words in it; `mentions` says who they are.
        text: String,
        /// The word that stands in `text` for an account, such as `@kim`, and the account.
        mentions: Vec<(String, String)>,
        /// Takes answers for some minutes.
        address: Option<String>,
        /// Opens a form, for seconds.
        trigger: Option<String>,
    },
    /// Somebody pressed a button of ours.
    Pressed {
        /// Who.
        by: Asker,
        /// Which.
        press: Press,
        /// What it is about.
        value: String,
        /// The message that it is on; none in a home or a form.
        at: Option<Posted>,
        /// Takes answers for some minutes.
        address: Option<String>,
        /// Opens a form, for seconds.
        trigger: Option<String>,
    },
    /// Somebody filled in a form of ours.
    Submitted {
        /// Who.
        by: Asker,
        /// What the form is for.
        kind: FormKind,
        /// The incident that it is about.
        incident: Option<IncidentId>,
        /// The version of the incident that its initial values were from.
        version: Option<i32>,
        /// What was filled in.
        values: Values,
        /// Whose value is the account of a person.
        people: Vec<String>,
        /// The form, to show something in its place.
        form: String,
        /// The channel where it was opened, if one was named.
        channel: Option<String>,
    },
    /// Somebody opened their home.
    HomeOpened {
        /// Their account.
        by: Asker,
    },
    /// Somebody chose “Add to timeline” on a message.
    Added {
        /// Who.
        by: Asker,
        /// The message.
        message: SeenChatMessage,
        /// Takes answers for some minutes.
        address: Option<String>,
    },
    /// Somebody pinned a message, or put the sign on it that means the same.
    Pinned {
        /// Their account.
        by: Asker,
        /// The message.
        at: Posted,
    },
    /// A message was posted.
    Said(SeenChatMessage),
    /// A message was changed: as it is now.
    Edited(SeenChatMessage),
    /// A message was deleted.
    Deleted {
        /// The message.
        at: Posted,
        /// When.
        when: Timestamp,
    },
    /// A channel is called otherwise now.
    Renamed {
        /// Its id.
        channel: String,
        /// Its name.
        name: String,
    },
    /// A channel was archived, or opened again.
    Archived {
        /// Its id.
        channel: String,
        /// Whether it is archived now.
        is_archived: bool,
    },
    /// A channel was deleted, or we were removed from it.
    Gone {
        /// Its id.
        channel: String,
    },
    /// Somebody's account was closed.
    Closed {
        /// Their account.
        account: String,
    },
}

/// A message, as it is in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChatMessage {
    /// Where it stands.
    pub at: Posted,
    /// When it was posted.
    pub when: Timestamp,
    /// The account of its author; none for a program.
    pub account: Option<String>,
    /// Display name of its author, if it is known.
    pub name: Option<String>,
    /// What it says as plain text: mentions as names, links as addresses.
    pub text: String,
    /// Accounts that `text` still names by themselves as `@U123`, because their names were not known.
    pub unnamed: Vec<String>,
    /// Where people see it, if that is known.
    pub url: Option<String>,
    /// Its files.
    pub files: Vec<SeenChatFile>,
    /// Whether it is one of ours.
    pub is_ours: bool,
}

impl SeenChatMessage {
    /// Has its text call an account that it names by itself by this name.
    pub fn call(&mut self, account: &str, name: &str) {
        self.text = self.text.replace(&format!("@{account}"), &format!("@{name}"));
    }
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChatFile {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its size, if it is known.
    pub bytes: Option<u64>,
    /// Where its bytes are for us; none if they are elsewhere.
    pub url: Option<String>,
}

/// Something that the chat sent, to be stored before it is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatArrival {
    /// What comes twice has the same twice.
    pub id: String,
    /// What it is, for [`ChatEar::hear`]: [`Self::COMMAND`], [`Self::INTERACTION`] or [`Self::EVENT`].
    pub kind: String,
    /// What it says, for [`ChatEar::hear`].
    pub body: String,
    /// Whether somebody waits for an answer.
    pub is_awaited: bool,
}

/// Kinds of what arrives. They are stored: never rename them.
impl ChatArrival {
    /// A command that somebody typed.
    pub const COMMAND: &'static str = "command";
    /// A button, a form or a message that somebody did something with.
    pub const INTERACTION: &'static str = "interaction";
    /// Something that happened, which nobody answers.
    pub const EVENT: &'static str = "event";
}

/// What becomes of something that the chat sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatReceived {
    /// What is stored; none if there is nothing to do about it.
    pub arrival: Option<ChatArrival>,
    /// With what it is acknowledged, once that is stored; empty for nothing.
    pub reply: String,
}

/// Reads what the chat sends.
pub trait ChatEar: Send + Sync {
    /// What becomes of what was sent. Never fails: what can't be read is acknowledged, so that it does not come again.
    fn receive(&self, kind: &str, body: &str) -> ChatReceived;

    /// What an arrival of this kind and body says; nothing for what does not concern us, is our own, or can't be read. Never fails: what
    /// can't be read today can't be read tomorrow.
    fn hear(&self, kind: &str, body: &str) -> Option<ChatNews>;
}
