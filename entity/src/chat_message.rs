//! What a message of ours in the chat shows, once it differs from what was posted.

use sea_orm::entity::prelude::*;

use crate::{DeliveryId, IncidentId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_message")]
pub struct Model {
    /// The order that it was posted by.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: DeliveryId,
    pub incident_id: IncidentId,
    /// Names what it shows.
    #[sea_orm(column_type = "Text")]
    pub shown: String,
    /// Whether nothing about it will change any more.
    pub is_settled: bool,
}

impl ActiveModelBehavior for ActiveModel {}
