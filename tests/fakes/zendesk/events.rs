//! The webhooks that Zendesk sends.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::state::{Comment, State, stamp};
use crate::fakes::sign;

/// The secret that Zendesk signs tests with before a webhook exists. It is public.
pub const TEST_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";

/// One webhook on its way. Its headers follow from its parts, so that each can be spoiled on its own.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// When it was signed, as the header says.
    pub timestamp: String,
    /// What it is signed with.
    pub secret: String,
    /// Which sending this is; a repeated one has another.
    pub invocation: String,
    /// The header's value if the signature is wrong.
    pub forged: Option<String>,
}

impl Delivery {
    pub(super) fn new(state: &mut State, secret: &str, now: DateTime<Utc>, body: &Value) -> Self {
        Self {
            body: body.to_string().into_bytes(),
            timestamp: stamp(now),
            secret: secret.to_owned(),
            invocation: state.fresh_id().to_string(),
            forged: None,
        }
    }

    /// The same with a signature of something else.
    #[must_use]
    pub fn forged(mut self) -> Self {
        self.forged = Some(sign::zendesk(&self.secret, &self.timestamp, b"something else"));
        self
    }

    /// The same, signed with another secret, such as [`TEST_SECRET`].
    #[must_use]
    pub fn signed_with(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.secret);
        self
    }

    /// The same, signed at this time.
    #[must_use]
    pub fn signed_at(mut self, time: DateTime<Utc>) -> Self {
        self.timestamp = stamp(time);
        self
    }

    /// The same event sent once more.
    #[must_use]
    pub fn again(mut self, invocation: &str) -> Self {
        invocation.clone_into(&mut self.invocation);
        self
    }

    /// All headers that the vendor sends.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let signature = self.forged.clone().unwrap_or_else(|| sign::zendesk(&self.secret, &self.timestamp, &self.body));
        vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("user-agent", "Zendesk Webhook".to_owned()),
            ("x-zendesk-account-id", super::ACCOUNT_ID.to_string()),
            ("x-zendesk-webhook-id", "01FAKE00000000000000000001".to_owned()),
            ("x-zendesk-webhook-invocation-id", self.invocation.clone()),
            ("x-zendesk-webhook-signature", signature),
            ("x-zendesk-webhook-signature-timestamp", self.timestamp.clone()),
        ]
    }

    /// The event as JSON.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("it was made from JSON")
    }
}

/// What happened to a ticket.
#[derive(Clone, Debug)]
pub(super) enum Happened {
    Created,
    Commented(Comment),
    /// From this status.
    Moved(String),
}

/// The event's body.
pub(super) fn event(state: &mut State, now: DateTime<Utc>, id: u64, actor: u64, happened: &Happened) -> Value {
    let ticket = &state.tickets[&id];
    let text = |id: Option<u64>| id.map(|id| id.to_string());
    let upper = |text: &Option<String>| text.as_ref().map(|text| text.to_uppercase());
    let (kind, event) = match happened {
        Happened::Created => ("ticket.created", json!({})),
        Happened::Commented(comment) => ("ticket.comment_added", json!({ "comment": comment_json(state, comment) })),
        Happened::Moved(previous) => {
            ("ticket.status_changed", json!({ "current": ticket.status.to_uppercase(), "previous": previous.to_uppercase() }))
        }
    };
    let detail = json!({
        "actor_id": actor.to_string(), "assignee_id": text(ticket.assignee_id), "brand_id": "8801", "created_at": stamp(ticket.created_at),
        "custom_status": "8802", "description": ticket.comments.first().map(|comment| &comment.body), "external_id": ticket.external_id,
        "form_id": "8803", "group_id": null, "id": id.to_string(), "is_public": ticket.comments.iter().any(|comment| comment.public),
        "organization_id": text(ticket.organization_id), "priority": upper(&ticket.priority), "requester_id": ticket.requester_id.to_string(),
        "status": ticket.status.to_uppercase(), "subject": ticket.subject, "submitter_id": ticket.submitter_id.to_string(),
        "tags": ticket.tags, "type": upper(&ticket.kind), "updated_at": stamp(ticket.updated_at), "via": { "channel": "web_service" },
    });
    let number = state.fresh_id();
    json!({
        "account_id": super::ACCOUNT_ID, "detail": detail, "event": event, "id": format!("00000000-0000-4000-8000-{number:012}"),
        "subject": format!("zen:ticket:{id}"), "time": now.to_rfc3339_opts(SecondsFormat::Nanos, true),
        "type": format!("zen:event-type:{kind}"), "zendesk_event_version": "2022-11-06",
    })
}

fn comment_json(state: &State, comment: &Comment) -> Value {
    let author = state.users.get(&comment.author_id);
    json!({
        "id": comment.id.to_string(), "body": comment.body, "is_public": comment.public,
        "author": {
            "id": comment.author_id.to_string(), "is_staff": author.is_some_and(|user| user.role != "end-user"),
            "name": author.map(|user| &user.name),
        },
    })
}
