//! The system with the tickets of clients (S3).

use async_trait::async_trait;
use entity::{Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ports::{Paper, Refusal};

/// What is ordered of the system with the tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeskOrder {
    /// The problem ticket of an incident (R20). Never changes between attempts: the system recognises a repeat by its content.
    OpenProblem(ProblemTicket),
    /// The problem ticket's status should follow the incident's (R20). Brought up to date before each attempt.
    ProblemStatus(ProblemStatus),
    /// A ticket should be linked to the problem ticket (R20).
    LinkTicket(LinkTicket),
    /// A ticket should no longer be linked to it.
    UnlinkTicket(UnlinkTicket),
    /// A comment should be added to a ticket (R22).
    Comment(Comment),
}

/// The problem ticket of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemTicket {
    /// Permanently identifies the incident in the outside system.
    pub key: String,
    /// One line.
    pub subject: String,
    /// The first comment, for colleagues only.
    pub text: String,
    /// How bad it is.
    pub severity: Severity,
}

/// The status that the problem ticket should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemStatus {
    /// Its number.
    pub ticket: String,
    /// Solved, or open.
    pub solved: bool,
    /// Why, for colleagues only.
    pub text: String,
    /// Whether to wait until no open ticket is linked to it any more: they would be solved with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// A ticket to link to the problem ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTicket {
    /// Its number.
    pub ticket: String,
    /// The number of the problem ticket.
    pub problem: String,
}

/// A ticket to unlink from the problem ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkTicket {
    /// Its number.
    pub ticket: String,
    /// The number of the problem ticket: a ticket linked to another one by now is left alone.
    pub problem: String,
}

/// A comment to add to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The ticket's number.
    pub ticket: String,
    /// Plain text.
    pub text: String,
    /// Whether the requester sees it.
    pub public: bool,
    /// The name of the requester, to show to people.
    pub to: String,
    /// The document that `text` is, if it is one: its file goes along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
}

/// A ticket as it is in its system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenTicket {
    /// Its number.
    pub number: String,
    /// Where people see it.
    pub url: Option<String>,
    /// One line.
    pub subject: Option<String>,
    /// In lower case, as the system calls it.
    pub status: Option<String>,
    /// The number of the client's organisation.
    pub organization: Option<String>,
    /// The problem ticket it is linked to.
    pub problem: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
}

/// Where people search for tickets.
#[async_trait]
pub trait TicketDesk: Send + Sync {
    /// Unsolved tickets that match `text`, best match first; a limited number.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn search(&self, text: &str) -> Result<Vec<SeenTicket>, Refusal>;

    /// Unsolved tickets of these organisations, newest first; a limited number.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn open_tickets(&self, organizations: &[String]) -> Result<Vec<SeenTicket>, Refusal>;
}
