//! The idempotency key of a request that was carried out, so that it happens once.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub operation: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of the input, in hex: the same key with different input is a mistake.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// What the first request created.
    pub subject_id: Uuid,
    pub expires_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
