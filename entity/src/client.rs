//! An organisation whose sites the team looks after.

use sea_orm::entity::prelude::*;

use crate::{ClientId, Importance, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientId,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub importance: Importance,
    #[sea_orm(column_type = "Text", nullable)]
    pub zendesk_organization_id: Option<String>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
