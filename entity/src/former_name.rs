//! What a client, or a site of it, was called before: texts still say so (R29).

use sea_orm::entity::prelude::*;

use crate::ClientId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "former_name")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: ClientId,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
}

impl ActiveModelBehavior for ActiveModel {}
