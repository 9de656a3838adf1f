//! Ticket events from Zendesk, by a signed webhook.
//!
//! The signature covers the time and the raw body, so nothing is parsed before it is checked. Old posts are refused, and `domain` skips
//! repeated ones. Zendesk retries after a 5xx. Unknown fields and kinds of events are ignored, missing ones tolerated.

use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::authz::Actor;
use domain::ports::SeenTicket;
use domain::tickets::news::{self, SeenComment, TicketNews, What};
use domain::validate;
use entity::Source;
use serde::Deserialize;
use serde_json::{Value, json};

use super::signed::{Claim, Signer};
use super::{cleaned, not_taken, plain, read};
use crate::http::posted::SignedBody;
use crate::http::problem::Problem;
use crate::http::server::Server;

/// The prefix of event types about tickets.
const OF_TICKETS: &str = "zen:event-type:ticket.";
const INVOCATION: &str = "x-zendesk-webhook-invocation-id";

/// Takes an event.
pub async fn zendesk(
    State(server): State<Server>,
    headers: HeaderMap,
    claim: Claim<Zendesk>,
    SignedBody(body): SignedBody,
) -> Result<axum::Json<Value>, Problem> {
    let ctx = server.app.0.domain.ctx(Actor::System, Source::Zendesk);
    claim.admit(Zendesk::secret(&server)?, &body, ctx.now())?;
    // Webhooks of triggers have whatever body their operators wrote.
    if !read::<Kind>(&body)?.kind.starts_with(OF_TICKETS) {
        return Ok(axum::Json(json!({ "taken": false })));
    }
    let event: Event = read(&body)?;
    let Some(news) = event.news(&headers, claim.signature(), ctx.now()) else {
        return Ok(axum::Json(json!({ "taken": false })));
    };
    let taken = ctx.db.while_up(Box::pin(news::receive(&ctx, &news))).await.flatten();
    taken.map_err(|error| not_taken(error, "a ticket event"))?;
    Ok(axum::Json(json!({ "taken": true })))
}

/// How Zendesk signs.
pub struct Zendesk;

impl Signer for Zendesk {
    const NAME: &'static str = "Zendesk";
    const SIGNATURE: &'static str = "x-zendesk-webhook-signature";
    const TIMESTAMP: &'static str = "x-zendesk-webhook-signature-timestamp";
    const WRONG: &'static str = "The signature is wrong: the webhook's signing secret in Zendesk must match zendesk.webhook_secret here.";

    fn secret(server: &Server) -> Result<&str, Problem> {
        let secret = server.app.0.settings.zendesk_secret.as_deref();
        secret.ok_or_else(|| Problem::not_found("The hook for Zendesk is not set up: see docs/integrations/zendesk.md."))
    }

    fn before_body(time: &str) -> String {
        time.to_owned()
    }

    fn code(signature: &str) -> Option<Vec<u8>> {
        STANDARD.decode(signature).ok()
    }

    fn time(time: &str) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(time).ok().map(|time| time.to_utc())
    }
}

/// What an event is about.
#[derive(Deserialize)]
struct Kind {
    #[serde(default, rename = "type")]
    kind: String,
}

/// What Zendesk sends, as far as we need it. Ids are text, and values from a list of choices are in upper case.
#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    time: Option<DateTime<Utc>>,
    #[serde(default)]
    detail: Option<Detail>,
    #[serde(default, rename = "event")]
    change: Option<Change>,
}

/// The ticket.
#[derive(Default, Deserialize)]
struct Detail {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    form_id: Option<String>,
    #[serde(default)]
    organization_id: Option<String>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    updated_at: Option<DateTime<Utc>>,
}

/// What happened to it.
#[derive(Default, Deserialize)]
struct Change {
    #[serde(default)]
    comment: Option<EventComment>,
    #[serde(default)]
    tags_added: Option<Vec<String>>,
    /// The ticket that it was merged into.
    #[serde(default)]
    target_ticket_id: Option<Value>,
}

/// A ticket's number, as text or as a number.
fn number_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => domain::tickets::plain_number(text),
        Value::Number(number) => domain::tickets::plain_number(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[derive(Deserialize)]
struct EventComment {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_public: Option<bool>,
    #[serde(default)]
    author: Option<Author>,
}

#[derive(Default, Deserialize)]
struct Author {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    is_staff: Option<bool>,
}

impl Event {
    /// What it means here; `None` for an event that is not about a ticket.
    fn news(self, headers: &HeaderMap, signature: &str, now: DateTime<Utc>) -> Option<TicketNews> {
        let kind = self.kind.strip_prefix(OF_TICKETS)?;
        let detail = self.detail.unwrap_or_default();
        let number = detail.id.as_deref().and_then(domain::tickets::plain_number)?;
        let change = self.change.unwrap_or_default();
        let what = match kind {
            "created" => What::Created,
            "comment_added" => change.comment.map_or(What::Changed, |comment| What::Commented(comment.seen())),
            "tags_changed" => What::Tagged(change.tags_added.or_else(|| detail.tags.clone()).unwrap_or_default()),
            "status_changed" => What::StatusChanged,
            "merged" => What::Merged(change.target_ticket_id.as_ref().and_then(number_of)),
            _ => What::Changed,
        };
        let invocation = headers.get(INVOCATION).and_then(|value| value.to_str().ok()).map(|id| format!("invocation {}", plain(id)));
        let event = self.id.map(|id| format!("event {}", plain(&id)));
        let mut names: Vec<String> = event.into_iter().chain(invocation).collect();
        if names.is_empty() {
            names.push(format!("signature {}", plain(signature)));
        }
        let Detail { subject, description, status, tags, external_id, form_id, organization_id, created_at, updated_at, .. } = detail;
        let ticket = SeenTicket {
            number,
            url: None,
            subject: subject.as_deref().map(plain),
            status: status.map(|status| plain(&status).to_lowercase()),
            organization: organization_id,
            problem: None,
            tags: tags.unwrap_or_default(),
            created_at: created_at.map(validate::storable),
        };
        let at = validate::storable(self.time.or(updated_at).unwrap_or(now));
        let description = description.map(|text| cleaned(&text)).filter(|text| !text.trim().is_empty());
        Some(TicketNews { names, at, ticket, description, external: external_id, form: form_id, what })
    }
}

impl EventComment {
    fn seen(self) -> SeenComment {
        let author = self.author.unwrap_or_default();
        SeenComment {
            id: self.id.as_deref().map(plain).unwrap_or_default(),
            text: self.body.as_deref().map(cleaned).filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "(no text)".to_owned()),
            author: author.name.as_deref().map_or_else(|| "Somebody".to_owned(), plain),
            public: self.is_public.unwrap_or(false),
            // An author who is not known to be a client may be us.
            staff: author.is_staff.unwrap_or(true),
        }
    }
}
