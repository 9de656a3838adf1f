//! An event that an outside system has told of: a second telling is passed over.

use sea_orm::entity::prelude::*;

use crate::{System, Timestamp};

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hook_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub system: System,
    /// The system's name for it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event: String,
    pub received_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
