//! E-mail.

use entity::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::{Entry, Method, Party, written};
use crate::ports::Paper;

/// What is ordered of the mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MailOrder {
    /// An e-mail to one person.
    Email(Email),
}

/// A meeting that a mail invites to, moves or takes out of a calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Names the meeting for ever, in every calendar.
    pub uid: String,
    /// Rises with every change.
    pub sequence: i32,
    /// Whether it is off, for this person.
    pub is_cancelled: bool,
    /// When this was said.
    pub written_at: Timestamp,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// One line.
    pub title: String,
    /// Where it is.
    pub place: Option<String>,
    /// What it is about.
    pub text: String,
    /// The page about it.
    pub url: String,
    /// Whom it invites.
    pub to_name: String,
}

impl Invitation {
    /// As a calendar for `address`, invited by `from`, and the method that its mail names.
    pub fn calendar(&self, from: Party<'_>, address: &str) -> (&'static str, String) {
        let to = Party { name: &self.to_name, address };
        let method = if self.is_cancelled { Method::Cancel { from, to } } else { Method::Request { from, to } };
        let entry = Entry {
            uid: (&self.uid).into(),
            sequence: self.sequence,
            written_at: self.written_at,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            title: (&self.title).into(),
            place: self.place.as_deref().map(Into::into),
            text: (&self.text).into(),
            url: (&self.url).into(),
            is_busy: true,
        };
        (method.as_str(), written(method, &[entry]))
    }
}

/// An e-mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The person's name.
    pub to_name: String,
    /// The person's address; empty if none is known.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// What the mails of one conversation have in common, e.g. the incident's id.
    pub thread: Option<String>,
    /// For mails to clients: the sender that they see and the address that gets their answers, as `Name <address>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_to: Option<String>,
    /// The document that `text` is, if it is one: its file goes along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
    /// The meeting that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Box<Invitation>>,
}
