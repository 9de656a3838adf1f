//! The state of the fake Zendesk.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use chrono::{DateTime, Duration, SecondsFormat, SubsecRound, Utc};
use serde_json::{Map, Value, json};

use super::uploads::{Attachment, LARGEST};
use crate::fakes::limits::Window;

/// Who is who: made up, the same at every start.
pub const ME: u64 = 7001;

/// A ticket.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Its number.
    pub id: u64,
    /// The id that another system gave it.
    pub external_id: Option<String>,
    /// When it was made, in whole seconds.
    pub created_at: DateTime<Utc>,
    /// Its version, in whole seconds as in answers. Each change makes it at least a second later than the one before, so that two changes
    /// in one second have different stamps.
    pub updated_at: DateTime<Utc>,
    /// `problem`, `incident`, `question` or `task`.
    pub kind: Option<String>,
    /// The subject.
    pub subject: String,
    /// `urgent`, `high`, `normal` or `low`.
    pub priority: Option<String>,
    /// `new`, `open`, `pending`, `hold`, `solved` or `closed`.
    pub status: String,
    /// The user who asks.
    pub requester_id: u64,
    /// The user who sent it in.
    pub submitter_id: u64,
    /// The agent who has it.
    pub assignee_id: Option<u64>,
    /// The requester's organisation.
    pub organization_id: Option<u64>,
    /// The problem that an incident belongs to.
    pub problem_id: Option<u64>,
    /// In order.
    pub tags: Vec<String>,
    /// Fields that the fake keeps and knows nothing about.
    pub rest: Map<String, Value>,
    /// The oldest first. The first one is the description.
    pub comments: Vec<Comment>,
    /// As they are answered, the oldest first.
    pub audits: Vec<Value>,
    /// From when a search finds it.
    pub(super) indexed_at: DateTime<Utc>,
}

/// A comment on a ticket.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    pub author_id: u64,
    /// What it says; of HTML, the words.
    pub body: String,
    /// What it says as HTML, as the vendor shows it.
    pub html_body: String,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// Whether the requester sees it.
    pub public: bool,
    /// When, in whole seconds.
    pub created_at: DateTime<Utc>,
    /// The audit that it came with.
    pub audit_id: u64,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Their number.
    pub id: u64,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// `end-user`, `agent` or `admin`.
    pub role: String,
    /// Where they belong.
    pub organization_id: Option<u64>,
    /// In order.
    pub tags: Vec<String>,
    /// When they were last changed.
    pub updated_at: DateTime<Utc>,
}

/// An organisation.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The id that another system gave it.
    pub external_id: Option<String>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a key stands for.
pub(super) struct Kept {
    pub at: DateTime<Utc>,
    pub body: Bytes,
    pub ticket: u64,
}

pub(super) struct State {
    pub tickets: BTreeMap<u64, Ticket>,
    pub users: BTreeMap<u64, User>,
    pub organizations: BTreeMap<u64, Organization>,
    pub webhooks: BTreeMap<String, Value>,
    pub keys: HashMap<String, Kept>,
    /// By their tokens, with when they were uploaded.
    pub uploads: HashMap<String, (DateTime<Utc>, Attachment)>,
    pub largest_upload: usize,
    pub takes_uploads: bool,
    pub index_lag: Duration,
    pub assigns_on_solving: bool,
    pub requests: Window,
    pub updates: Window,
    pub updates_of: HashMap<u64, Window>,
    pub next_ticket: u64,
    next_id: u64,
}

impl State {
    pub fn new() -> Self {
        let mut state = Self {
            tickets: BTreeMap::new(),
            users: BTreeMap::new(),
            organizations: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            keys: HashMap::new(),
            uploads: HashMap::new(),
            largest_upload: LARGEST,
            takes_uploads: true,
            index_lag: Duration::from_std(super::INDEX_LAG).expect("it is short"),
            assigns_on_solving: true,
            requests: Window::new(700, Duration::minutes(1)),
            updates: Window::new(100, Duration::minutes(1)),
            updates_of: HashMap::new(),
            next_ticket: 101,
            next_id: 900_001,
        };
        for (id, name) in [(501, "Example plc"), (502, "Sample & Sons")] {
            state.organizations.insert(id, Organization { id, name: name.to_owned(), external_id: None, updated_at: beginning() });
        }
        for (id, name, email, role, organization_id) in [
            (ME, "Muster", super::EMAIL, "agent", None),
            (7002, "Kim Support", "kim@support.example", "agent", None),
            (7101, "Ada of Example", "ada@example.org", "end-user", Some(501)),
            (7102, "Ben of Sample", "ben@sample.example", "end-user", Some(502)),
        ] {
            let (name, email, role) = (name.to_owned(), email.to_owned(), role.to_owned());
            let user = User { id, name, email, role, organization_id, tags: Vec::new(), updated_at: beginning() };
            state.users.insert(id, user);
        }
        state
    }

    pub fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn incidents_of(&self, problem: u64) -> Vec<u64> {
        self.tickets.values().filter(|ticket| ticket.problem_id == Some(problem)).map(|ticket| ticket.id).collect()
    }

    pub fn ticket_json(&self, id: u64, base: &str) -> Value {
        let ticket = &self.tickets[&id];
        let mut json = ticket.rest.clone();
        let has_incidents = ticket.kind.as_deref() == Some("problem") && !self.incidents_of(id).is_empty();
        let own = json!({
            "url": format!("{base}/api/v2/tickets/{id}.json"), "id": id, "external_id": ticket.external_id,
            "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
            "created_at": stamp(ticket.created_at), "updated_at": stamp(ticket.updated_at),
            "generated_timestamp": ticket.updated_at.timestamp(), "type": ticket.kind, "subject": ticket.subject,
            "raw_subject": ticket.subject, "description": ticket.comments.first().map(|comment| &comment.body),
            "priority": ticket.priority, "status": ticket.status, "recipient": null, "requester_id": ticket.requester_id,
            "submitter_id": ticket.submitter_id, "assignee_id": ticket.assignee_id, "organization_id": ticket.organization_id,
            "forum_topic_id": null, "problem_id": ticket.problem_id, "has_incidents": has_incidents,
            "is_public": ticket.comments.iter().any(|comment| comment.public), "tags": ticket.tags,
            "allow_channelback": false, "allow_attachments": true,
        });
        json.extend(own.as_object().cloned().unwrap_or_default());
        for absent in ["group_id", "brand_id", "due_at", "satisfaction_rating"] {
            json.entry(absent).or_insert(Value::Null);
        }
        for absent in ["custom_fields", "collaborator_ids", "follower_ids", "email_cc_ids", "sharing_agreement_ids", "followup_ids"] {
            json.entry(absent).or_insert(json!([]));
        }
        json.into()
    }
}

impl Comment {
    pub(super) fn json(&self, base: &str) -> Value {
        let attachments: Vec<Value> = self.attachments.iter().map(|file| file.json(base)).collect();
        json!({
            "id": self.id, "type": "Comment", "author_id": self.author_id, "body": self.body, "plain_body": self.body,
            "html_body": self.html_body, "public": self.public, "attachments": attachments,
            "audit_id": self.audit_id, "via": { "channel": "api" }, "created_at": stamp(self.created_at), "metadata": { "system": {}, "custom": {} },
        })
    }
}

impl User {
    pub(super) fn json(&self, base: &str) -> Value {
        json!({
            "id": self.id, "url": format!("{base}/api/v2/users/{}.json", self.id), "name": self.name, "email": self.email,
            "created_at": stamp(beginning()), "updated_at": stamp(self.updated_at), "time_zone": "London", "phone": null,
            "locale": "en-GB", "organization_id": self.organization_id, "role": self.role, "verified": true, "external_id": null,
            "tags": self.tags, "active": true, "suspended": false, "user_fields": {},
        })
    }
}

impl Organization {
    pub(super) fn json(&self, base: &str) -> Value {
        json!({
            "url": format!("{base}/api/v2/organizations/{}.json", self.id), "id": self.id, "name": self.name,
            "shared_tickets": false, "shared_comments": false, "external_id": self.external_id,
            "created_at": stamp(beginning()), "updated_at": stamp(self.updated_at), "domain_names": [], "details": null,
            "notes": null, "group_id": null, "tags": [], "organization_fields": {},
        })
    }
}

/// When the initial people were created.
fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_603_600, 0).expect("a time")
}

/// The current time as tickets have it.
pub(super) fn whole(now: DateTime<Utc>) -> DateTime<Utc> {
    now.trunc_subsecs(0)
}

pub(super) fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
