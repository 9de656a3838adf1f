//! The sites of a reading that waits for a person, as they were read. At most one row: what shows how readings go is read often, and this is large.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "site_staged")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// What was listed, site by site.
    pub listed: Json,
}

impl ActiveModelBehavior for ActiveModel {}
