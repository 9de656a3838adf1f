//! What happened, in order. Rows are added and never changed, but for the star.

use sea_orm::entity::prelude::*;

use crate::{EventId, IncidentId, PersonId, Source, TimelineKind, Timestamp};

/// A row.
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
    /// When Muster was told.
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
    /// A key moment; not part of the hash, because people change their mind about it.
    pub starred: bool,
    /// SHA-256 over the hash before and this event.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
