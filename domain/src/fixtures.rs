//! Rows for tests: what most of them need, to be changed where it matters.

use entity::{
    AccessLevel, AlertId, Channels, DeliveryId, DeliveryState, Grants, IncidentId, IncidentStatus, Operation, PageId, PageReason, PersonId,
    PersonKind, System, Timestamp, alert, chat_channel, delivery, incident, page, person, step,
};
use uuid::Uuid;

use crate::incident::marks::unmarked;
use crate::incident::writes::unheard_of;
use crate::rooms::order::nothing_yet;

/// A responder without an address.
pub fn person(id: u128, name: &str) -> person::Model {
    person::Model {
        id: PersonId(Uuid::from_u128(id)),
        name: name.to_owned(),
        kind: PersonKind::Human,
        phone: None,
        ntfy_topic: None,
        chat_account: None,
        email: None,
        access_level: AccessLevel::Responder,
        seniority: None,
        grants: Grants::default(),
        quiet: Channels::default(),
        created_at: Timestamp::UNIX_EPOCH,
        deactivated_at: None,
    }
}

/// The same, with an id made of the name.
pub fn named(name: &str) -> person::Model {
    person(name.bytes().fold(0, |id, byte| id * 256 + u128::from(byte)), name)
}

/// An alert that fires since `at`, of no incident and without a level.
pub fn alert(at: Timestamp) -> alert::Model {
    alert::Model {
        id: AlertId(Uuid::nil()),
        source: "uptime".to_owned(),
        fingerprint: "shop".to_owned(),
        identity: String::new(),
        group_key: "shop".to_owned(),
        title: "The shop is down".to_owned(),
        firing: true,
        starts_at: at,
        ends_at: None,
        told_start: None,
        told_end: None,
        severity: None,
        count: 1,
        incident_id: None,
        labels: serde_json::Value::Null,
        received_at: at,
        stretch: None,
        look_at: None,
    }
}

/// A page of the chain to this person that nobody has answered.
pub fn page(person: u128, paged_at: Timestamp) -> page::Model {
    page::Model {
        id: PageId(Uuid::nil()),
        incident_id: IncidentId(Uuid::nil()),
        person_id: PersonId(Uuid::from_u128(person)),
        reason: PageReason::Escalated,
        step_key: None,
        why: None,
        paged_at,
        asked_by_id: None,
        lost_at: None,
        lost: None,
        answered_at: None,
        answered_by_id: None,
        answered_how: None,
        note: None,
        briefing: None,
        opened_at: None,
        secret_hash: None,
        secret: None,
    }
}

/// A live incident that was declared then.
pub fn live_incident(declared_at: Timestamp) -> incident::Model {
    incident::Model {
        number: 7,
        status: IncidentStatus::Investigating,
        live: true,
        declared_at: Some(declared_at),
        ..unheard_of(IncidentId(Uuid::nil()), "Shop is down".to_owned(), declared_at)
    }
}

/// A step of [`live_incident`] that is due.
pub fn step(key: &str) -> step::Model {
    unmarked(IncidentId(Uuid::nil()), key, Timestamp::UNIX_EPOCH)
}

/// The channel of [`live_incident`], which everybody reads.
pub fn chat_channel() -> chat_channel::Model {
    chat_channel::Model { channel: Some("C1".to_owned()), is_ours: true, ..nothing_yet(IncidentId(Uuid::nil()), 0) }
}

/// An order of [`live_incident`] that nobody has tried yet.
pub fn delivery(system: System, operation: Operation, created_at: Timestamp) -> delivery::Model {
    delivery::Model {
        id: DeliveryId(Uuid::nil()),
        incident_id: Some(IncidentId(Uuid::nil())),
        system,
        operation,
        state: DeliveryState::Queued,
        attempts: 0,
        last_error: None,
        next_attempt_at: None,
        effect: String::new(),
        person_id: None,
        step_key: None,
        page_id: None,
        client_id: None,
        client_update_id: None,
        ticket_id: None,
        follow_up_id: None,
        target: None,
        external_id: None,
        external_url: None,
        trace: None,
        created_at,
        delivered_at: None,
    }
}
