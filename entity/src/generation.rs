//! What changes whenever something does that is shown in many places. Triggers write it.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "generation")]
pub struct Model {
    /// Of what: `names`, of people, clients and sites.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub what: String,
    /// Drawn anew with each change.
    pub mark: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
