//! The end of the audit log's chain: one row, which whoever appends to it locks until the commit.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub last_sequence: i32,
    pub last_hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
