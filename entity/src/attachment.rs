//! A file of an incident. Its bytes are in the data folder, under their hash.

use sea_orm::entity::prelude::*;

use crate::{AttachmentId, EventId, IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attachment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    pub incident_id: IncidentId,
    pub event_id: Option<EventId>,
    #[sea_orm(column_type = "Text")]
    pub file_name: String,
    #[sea_orm(column_type = "Text")]
    pub content_type: String,
    pub bytes: i64,
    /// In hex.
    #[sea_orm(column_type = "Text")]
    pub sha256: String,
    pub uploaded_by_id: Option<PersonId>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
