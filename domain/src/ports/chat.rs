//! The team's chat (S1): what is ordered of it, and what is kept in step there.
//!
//! What must happen once is an order, like everywhere. What shows how things stand (the look of a channel, buttons, homes) is no order: it
//! is made anew whenever it is out of date, through [`ChatRooms`] and [`ChatReplies`]. What people do there arrives as [`news`].
//! Texts are plain: no markup of any vendor, and nothing in them mentions anybody. Whom a message mentions is said beside it.

mod form;
mod news;

pub use form::{Answer, Choice, Field, FieldKind, Form, FormKind, Home, HomeEntry, HomePart, To, Values};
pub use news::{Asker, ChatArrival, ChatEar, ChatNews, ChatReceived, SeenChatFile, SeenChatMessage};

use async_trait::async_trait;
use entity::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ports::{Batch, Refusal};

/// What is ordered of the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatOrder {
    /// A notice to everybody in the team's general channel (R7). Its receipt is a [`Posted`].
    Notice(Notice),
    /// The channel of an incident should exist. Its receipt has the channel's id and address.
    Channel(Box<ChatChannel>),
    /// A message. Its receipt is a [`Posted`].
    Message(Box<ChatMessage>),
}

/// A notice to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Plain text.
    pub text: String,
}

/// The channel of an incident. Carrying out the same order again finds the channel that the first one made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatChannel {
    /// Permanently identifies the incident in the chat. ASCII.
    pub marker: String,
    /// The channel's id, if one is taken that exists: nothing is made then, but people are invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<String>,
    /// What it is called when it is made: small letters, digits and hyphens, at most 76 characters, so that a number fits behind it.
    pub name: String,
    /// Whether only its members see it.
    pub is_private: bool,
    /// One line, which says what the channel is for.
    pub purpose: String,
    /// Accounts of the people who belong into it. Brought up to date before each attempt.
    #[serde(default)]
    pub invite: Vec<String>,
}

/// A message, in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Where it is posted.
    pub place: ChatPlace,
    /// What it says. Brought up to date before each attempt.
    pub said: Said,
}

/// Where a message is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum ChatPlace {
    /// In the channel of the incident. Its id is filled in before each attempt.
    Incident {
        /// The channel's id.
        #[serde(default)]
        channel: Option<String>,
    },
    /// To one person alone.
    Person {
        /// Their name, to show to people.
        name: String,
        /// Their account.
        account: String,
    },
}

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Said {
    /// Accounts that it mentions, so that they are notified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// One line above the rest.
    pub headline: String,
    /// Paragraphs, each of one or more lines.
    #[serde(default)]
    pub paragraphs: Vec<String>,
    /// What a phone shows of it, on one line.
    pub short: String,
    /// Where to read more.
    #[serde(default)]
    pub link: Option<ChatLink>,
    /// What can be done about it. None once it is settled.
    #[serde(default)]
    pub buttons: Vec<Button>,
}

/// A link with words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatLink {
    /// What it is called.
    pub text: String,
    /// Where it leads.
    pub url: String,
}

impl ChatLink {
    /// To a page of Muster's.
    pub(crate) fn in_muster(url: impl Into<String>) -> Self {
        Self { text: "In Muster".to_owned(), url: url.into() }
    }
}

/// Something to press.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Button {
    /// What it does.
    pub press: Press,
    /// What it is about; comes back with the press. ASCII, at most 500 characters.
    pub value: String,
    /// One to four words.
    pub label: String,
    /// Whether it is the one to press in most cases.
    #[serde(default)]
    pub is_main: bool,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Press {
    /// Opens the form of what a step asks for.
    DoStep,
    /// Opens the form that puts a step off.
    NotNow,
    /// Opens the form that says why a step is not needed.
    NotNeeded,
    /// Whoever is paged has it.
    Accept,
    /// Whoever is paged can't help.
    Decline,
    /// Takes over the role that is offered.
    TakeRole,
    /// Refuses it.
    RefuseRole,
    /// Opens the form for an update.
    Update,
    /// Archives the channel of a closed incident now.
    Archive,
    /// Opens the steps of an incident.
    Steps,
}

impl Press {
    /// Every one, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::DoStep,
        Self::NotNow,
        Self::NotNeeded,
        Self::Accept,
        Self::Decline,
        Self::TakeRole,
        Self::RefuseRole,
        Self::Update,
        Self::Archive,
        Self::Steps,
    ];

    /// The name by which it comes back, the same as the stored one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DoStep => "do_step",
            Self::NotNow => "not_now",
            Self::NotNeeded => "not_needed",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::TakeRole => "take_role",
            Self::RefuseRole => "refuse_role",
            Self::Update => "update",
            Self::Archive => "archive",
            Self::Steps => "steps",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|press| press.as_str() == name)
    }
}

/// Where a message stands. Written as `channel/ts`, which is what a receipt has as its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's id in it.
    pub ts: String,
}

impl Posted {
    /// Reads what was written.
    pub fn parse(text: &str) -> Option<Self> {
        let (channel, ts) = text.split_once('/')?;
        Some(Self { channel: channel.to_owned(), ts: ts.to_owned() })
    }
}

impl std::fmt::Display for Posted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.channel, self.ts)
    }
}

/// How the channel of an incident should look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dress {
    /// Permanently identifies the incident, and so its summary among the pinned messages.
    pub marker: String,
    /// At most 250 characters.
    pub topic: String,
    /// The incident's page, for the bookmark.
    pub link: ChatLink,
    /// What the pinned message says.
    pub summary: Said,
    /// The pinned message, once it is known.
    pub summary_at: Option<String>,
    /// Whether it should be archived. Everything else is done before.
    pub is_archived: bool,
}

/// What has become of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dressed {
    /// The pinned message; another one than before if that was deleted.
    pub summary_at: Option<String>,
    /// What the channel is called now, if that is known.
    pub name: Option<String>,
    /// What people should put right, although the rest was done: a topic that we may not set, a channel that somebody has archived.
    pub problem: Option<String>,
    /// Whether only its members see it, if that is known: people can change it.
    pub is_private: Option<bool>,
    /// Whether the channel is archived now, by us or by somebody.
    pub is_archived: bool,
    /// Whether the channel is gone, or we were removed from it.
    pub is_gone: bool,
}

/// A person of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChatter {
    /// Their account.
    pub account: String,
    /// Display name.
    pub name: String,
    /// Their e-mail address, if we may know it and the chat has verified it.
    pub email: Option<String>,
    /// The workspaces that they belong to, and the organisation of these.
    pub workspaces: Vec<String>,
    /// Whether they are a guest, or do not belong to our workspace.
    pub is_outsider: bool,
    /// Whether they are a program.
    pub is_bot: bool,
    /// Whether their account was closed.
    pub is_gone: bool,
}

/// What is kept in step in the chat, and what is asked of it. Each of these may be done twice without harm.
#[async_trait]
pub trait ChatRooms: Send + Sync {
    /// Makes a channel look like this.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn dress(&self, channel: &str, dress: &Dress) -> Result<Dressed, Refusal>;

    /// Makes a message of ours say this. One that is gone is left alone.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn revise(&self, at: &Posted, said: &Said) -> Result<(), Refusal>;

    /// Invites people; who is there already, or can't be invited, is passed over.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn invite(&self, channel: &str, accounts: &[String]) -> Result<(), Refusal>;

    /// Joins a public channel, and says what it is called and where people see it.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn join(&self, channel: &str) -> Result<SeenChannel, Refusal>;

    /// A page of the messages that people have posted after that one, with replies in threads, oldest first if the chat allows it; `page`
    /// is the previous page's `next`.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn history(&self, channel: &str, after: Option<&str>, page: Option<&str>) -> Result<Batch<SeenChatMessage>, Refusal>;

    /// One message of a channel; `None` if it is gone, or we can't see it.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn message(&self, at: &Posted) -> Result<Option<SeenChatMessage>, Refusal>;

    /// Whether this is the workspace that we are connected to.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn is_ours(&self, workspace: &str) -> Result<bool, Refusal>;

    /// The person with this e-mail address.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn by_email(&self, email: &str) -> Result<Option<SeenChatter>, Refusal>;

    /// The person with this account.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn by_account(&self, account: &str) -> Result<Option<SeenChatter>, Refusal>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`Refusal::Never`] if it is larger than `most_bytes`, or gone.
    async fn file(&self, file: &SeenChatFile, most_bytes: usize) -> Result<Vec<u8>, Refusal>;
}

/// A channel, as it is in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChannel {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Where people see it.
    pub url: Option<String>,
    /// Whether only its members see it.
    pub is_private: bool,
    /// Whether people of other workspaces are in it.
    pub is_shared: bool,
}

/// Where an answer goes: to the command or button that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// An address that takes answers for some minutes, if there is one.
    pub address: Option<String>,
    /// The channel in which it was asked; none in a home.
    pub channel: Option<String>,
    /// Who asked.
    pub account: String,
    /// The form that was filled in, if it was one: it is open still, and says that it is being worked on.
    pub form: Option<SentForm>,
}

/// A form that was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentForm {
    /// The form.
    pub id: String,
    /// When it arrived.
    pub at: Timestamp,
}

/// How people are answered.
#[async_trait]
pub trait ChatReplies: Send + Sync {
    /// Opens a form for whoever pressed or typed just now. Tried once: a `trigger` is good for one form, and for seconds.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn open_form(&self, trigger: &str, form: &Form) -> Result<(), Refusal>;

    /// Shows the form again in the place of the one that was filled in, with what is wrong beside its fields.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn reshow_form(&self, to: &ReplyTo, form: &Form) -> Result<(), Refusal>;

    /// Says an answer: to the asker alone or to everybody in the channel. What concerns only the asker, of a form, is shown in its place.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn answer(&self, to: &ReplyTo, answer: &Answer) -> Result<(), Refusal>;

    /// Makes somebody's home look like this.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn publish_home(&self, account: &str, home: &Home) -> Result<(), Refusal>;
}

/// The team's chat, with all that it can.
pub trait TeamChat: ChatRooms + ChatReplies + ChatEar {}

impl<T: ChatRooms + ChatReplies + ChatEar> TeamChat for T {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_press_comes_back_by_its_stored_name() {
        for press in Press::ALL {
            assert_eq!(serde_json::to_value(press).unwrap(), press.as_str());
            assert_eq!(Press::named(press.as_str()), Some(*press));
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let posted = Posted { channel: "C1".to_owned(), ts: "1790000000.000100".to_owned() };
        assert_eq!(Posted::parse(&posted.to_string()), Some(posted));
        assert_eq!(Posted::parse("C1"), None);
    }
}
