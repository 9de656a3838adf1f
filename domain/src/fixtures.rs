//! Rows for tests: what most of them need, to be changed where it matters.

use entity::{AccessLevel, Channels, Grants, IncidentId, PageId, PageReason, PersonId, PersonKind, Timestamp, page, person};
use uuid::Uuid;

/// A responder without an address.
pub fn person(id: u128, name: &str) -> person::Model {
    person::Model {
        id: PersonId(Uuid::from_u128(id)),
        name: name.to_owned(),
        kind: PersonKind::Human,
        phone: None,
        ntfy_topic: None,
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
