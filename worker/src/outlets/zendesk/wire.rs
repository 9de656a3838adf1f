//! Zendesk's answers, as far as we read them.

use chrono::{DateTime, Utc};
use domain::ports::SeenTicket;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A ticket.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ticket {
    pub id: u64,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub status: String,
    pub subject: Option<String>,
    pub external_id: Option<String>,
    pub problem_id: Option<u64>,
    pub organization_id: Option<u64>,
    pub assignee_id: Option<u64>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// Kept verbatim: it is sent back as the version that a change is based on.
    pub updated_at: String,
    pub created_at: Option<String>,
}

impl Ticket {
    pub fn is(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }

    pub fn seen(&self, base: &str) -> SeenTicket {
        SeenTicket {
            number: self.id.to_string(),
            url: Some(address(base, self.id)),
            subject: self.subject.clone(),
            status: Some(self.status.to_lowercase()),
            organization: self.organization_id.map(|id| id.to_string()),
            problem: self.problem_id.map(|id| id.to_string()),
            tags: self.tags.clone(),
            created_at: self.created_at.as_deref().and_then(time),
        }
    }
}

/// Where people see a ticket.
pub(super) fn address(base: &str, number: u64) -> String {
    format!("{base}/agent/tickets/{number}")
}

pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
}

#[derive(Deserialize)]
pub(super) struct OneTicket {
    pub ticket: Ticket,
}

#[derive(Deserialize)]
pub(super) struct Tickets {
    pub tickets: Vec<Ticket>,
}

/// A ticket that was created or changed. Without an audit nothing was done: Zendesk also reports success for a body it does not
/// understand.
#[derive(Deserialize)]
pub(super) struct Changed {
    pub ticket: Ticket,
    pub audit: Audit,
}

/// What was done to a ticket at one time.
#[derive(Deserialize)]
pub(super) struct Audit {
    pub created_at: Option<String>,
    #[serde(default)]
    pub metadata: Metadata,
    #[serde(default)]
    pub events: Vec<Event>,
}

#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub custom: Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub body: Option<Value>,
    pub html_body: Option<Value>,
    pub public: Option<bool>,
    #[serde(default)]
    pub attachments: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Uploaded {
    pub upload: Upload,
}

/// A file that waits for a comment.
#[derive(Deserialize)]
pub(super) struct Upload {
    pub token: String,
}

#[derive(Deserialize)]
pub(super) struct Audits {
    pub audits: Vec<Audit>,
    pub count: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Me {
    pub user: Account,
}

/// The account that our credentials belong to.
#[derive(Deserialize)]
pub(super) struct Account {
    /// `None` for the anonymous account, which a wrong token gets.
    pub id: Option<u64>,
    pub name: Option<String>,
    pub role: Option<String>,
}

/// The results of a search for tickets.
#[derive(Deserialize)]
pub(super) struct Found {
    pub results: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Organization {
    pub id: u64,
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub id: u64,
    pub name: String,
    pub email: Option<String>,
    pub organization_id: Option<u64>,
    pub role: Option<String>,
    pub active: Option<bool>,
    pub suspended: Option<bool>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(rename = "user_fields")]
    pub fields: Option<Map<String, Value>>,
}

/// A page of a list, whatever the list is called.
#[derive(Deserialize)]
pub(super) struct Listed<T> {
    #[serde(alias = "organizations", alias = "users", alias = "results")]
    pub items: Vec<T>,
    #[serde(default)]
    pub meta: Meta,
}

#[derive(Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub has_more: bool,
    pub after_cursor: Option<String>,
}
