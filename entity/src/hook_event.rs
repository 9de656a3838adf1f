//! An event received from an outside system, so that a duplicate is ignored.

use sea_orm::entity::prelude::*;

use crate::{System, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hook_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub system: System,
    /// The system's id for it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event: String,
    pub received_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
