//! Someone at a client who hears about incidents.

use sea_orm::entity::prelude::*;

use crate::{ClientId, ContactId, ContactKind, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ContactId,
    pub client_id: ClientId,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub email: String,
    pub kind: ContactKind,
    /// Their id in Zendesk, if they come from there.
    #[sea_orm(column_type = "Text", nullable)]
    pub zendesk_user_id: Option<String>,
    /// When the latest full sync that found them started.
    pub zendesk_seen_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
