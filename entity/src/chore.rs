//! Something that Muster does on its own again and again, and when it is due next.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chore")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub due_at: Timestamp,
    pub taken_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
