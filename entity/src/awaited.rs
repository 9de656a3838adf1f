//! Whom an incident waits for: people who were reminded and have done nothing in it since. Stored as JSON with the incident.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::{PersonId, Timestamp};

/// The people whom an incident waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Awaited(pub Vec<AwaitedPerson>);

/// A person who was reminded and has done nothing in the incident since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedPerson {
    /// Who.
    pub person: PersonId,
    /// When they were first reminded.
    pub since: Timestamp,
    /// When they were last reminded.
    pub reminded_at: Timestamp,
    /// How many reminders they got.
    pub reminders: u32,
    /// Whether anything was asked of them alone, and not of them or others.
    pub alone: bool,
    /// Who was paged in their place, and answered.
    pub stand_in: Option<PersonId>,
}
