//! What is posted: its type, its time, and what happened to which incident, in ids and values. `docs/webhooks/message.schema.json` describes
//! it.
//!
//! Messages are thin. Of what people wrote they hold the incident's name alone: what has left can't be taken out any more, and whoever wants
//! the rest asks the API for it, as somebody who may see it.

use chrono::SecondsFormat;
use entity::{Severity, Timestamp, WebhookEndpointId, WebhookMessageId, WebhookMessageState, incident, timeline_event, webhook_message};
use serde_json::{Value, json};

use super::event_type::EventType;
use crate::ctx::Ctx;
use crate::incident::reference::{link, reference};

/// The version of what `data` holds. Fields may be added without another one.
const VERSION: u32 = 1;

/// What is posted of an event that left the incident like this.
pub(super) fn of_event(ctx: &Ctx, of: EventType, incident: &incident::Model, event: &timeline_event::Model) -> String {
    let data = json!({
        "version": VERSION,
        "event": {
            "id": event.id.to_string(),
            "sequence": event.sequence,
            "kind": event.kind,
            "occurredAt": precise(event.occurred_at),
            "source": event.source,
            "actorId": event.actor_id.map(|id| id.to_string()),
        },
        "incident": {
            "id": incident.id.to_string(),
            "reference": reference(incident),
            "name": incident.name,
            "severity": Severity::as_str(incident.severity),
            "status": incident.status,
            "visibility": incident.visibility,
            "url": link(ctx, incident),
        },
        "changes": of.changes(event.details.as_deref()),
    });
    whole(of, event.recorded_at, &data)
}

/// What is posted as a test.
pub(super) fn of_test(endpoint: WebhookEndpointId, name: &str, at: Timestamp) -> String {
    whole(EventType::Test, at, &json!({ "version": VERSION, "endpoint": { "id": endpoint.to_string(), "name": name } }))
}

fn whole(of: EventType, at: Timestamp, data: &Value) -> String {
    json!({ "type": of.name(), "timestamp": precise(at), "data": data }).to_string()
}

fn precise(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The row of a message that is due at once.
pub(super) fn row(ctx: &Ctx, endpoint: WebhookEndpointId, of: EventType, body: String, at: Timestamp) -> webhook_message::Model {
    webhook_message::Model {
        id: WebhookMessageId(ctx.ids.uuid(at)),
        endpoint_id: endpoint,
        incident_id: None,
        event_type: of.name().to_owned(),
        body,
        state: WebhookMessageState::Queued,
        attempts: 0,
        next_attempt_at: Some(at),
        last_status: None,
        last_error: None,
        answer: None,
        created_at: at,
        ended_at: None,
    }
}
