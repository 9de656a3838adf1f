//! Since when workers have looked for silent heartbeats without a gap: one row, which all of them share.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "heartbeat_watch")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// When one of them last looked, to some seconds.
    pub seen_at: Timestamp,
    pub up_since: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
