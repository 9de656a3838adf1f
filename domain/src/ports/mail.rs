//! E-mail.

use serde::{Deserialize, Serialize};

use crate::ports::Paper;

/// What is ordered of the mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MailOrder {
    /// An e-mail to one person.
    Email(Email),
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
}
