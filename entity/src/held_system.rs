//! An outside system that is left alone: until its credentials are right again, or until a person releases it.

use sea_orm::entity::prelude::*;

use crate::{System, Timestamp};

/// A row.
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
