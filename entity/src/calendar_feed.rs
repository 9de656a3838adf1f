//! The secret link at which a person's calendar programs read their shifts and reviews. Only the secret's hash is kept.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_feed")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// SHA-256 of the secret, in hex.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    pub created_at: Timestamp,
    /// When it was last read, to the hour.
    pub last_read_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
