//! A message of the chat that is on the timeline of an incident.

use sea_orm::entity::prelude::*;

use crate::{EventId, IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_capture")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub channel: String,
    /// The message's id in the channel.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub ts: String,
    /// The event that it became.
    pub event_id: EventId,
    /// SHA-256 of what it last said, in hex, to tell an edit from news.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// When it was deleted in the chat.
    pub deleted_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
