//! How far the copy of something that lives at an outside system has come.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_mark")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Everything that changed there before is known here.
    pub known_until: Timestamp,
    /// When everything was last read from the beginning.
    pub complete_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
