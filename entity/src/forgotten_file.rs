//! Bytes of a file that was taken out of the record, to be removed from the data folder unless another file has the same.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "forgotten_file")]
pub struct Model {
    /// In hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    pub forgotten_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
