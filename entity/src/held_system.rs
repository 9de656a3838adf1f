//! An outside system on hold until its credentials work again.

use sea_orm::entity::prelude::*;

use crate::{System, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "held_system")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub system: System,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub since: Timestamp,
    /// Whether only a person can release it.
    pub by_hand: bool,
}

impl ActiveModelBehavior for ActiveModel {}
