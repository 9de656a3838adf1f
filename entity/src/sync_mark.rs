//! How far data from an outside system has been synchronised.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_mark")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Every change there before this is known here; `None` until the first full sync has finished.
    pub known_until: Option<Timestamp>,
    /// When the latest full sync to finish started.
    pub complete_at: Option<Timestamp>,
    /// Progress of a sync that has not finished yet.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub under_way: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
