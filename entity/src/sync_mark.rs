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
    /// Everything that changed there before is known here; nothing before it was first read to its end.
    pub known_until: Option<Timestamp>,
    /// When a reading of everything last began that came to its end.
    pub complete_at: Option<Timestamp>,
    /// How far a reading has come that did not come to its end yet.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub under_way: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
