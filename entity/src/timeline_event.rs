//! What happened, in order. Rows are only added. What changes of one is the star, and that an administrator takes out what it said.

use sea_orm::entity::prelude::*;

use crate::{EventId, IncidentId, PersonId, Source, TimelineKind, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "timeline_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EventId,
    pub incident_id: IncidentId,
    /// 1, 2, 3 … within the incident.
    pub sequence: i32,
    pub kind: TimelineKind,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When Muster learned of it.
    pub recorded_at: Timestamp,
    pub actor_id: Option<PersonId>,
    pub source: Source,
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Canonical JSON as text: what was hashed is what is stored, on both databases.
    #[sea_orm(column_type = "Text", nullable)]
    pub details: Option<String>,
    /// The event that this one corrects.
    pub amends_id: Option<EventId>,
    /// A key moment. Not part of the hash, because people change their minds.
    pub starred: bool,
    /// SHA-256 of the previous hash and this event as it was written.
    pub hash: Vec<u8>,
    /// When text and details were taken out; a REDACTION of the same timeline says by whom and why.
    pub redacted_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
