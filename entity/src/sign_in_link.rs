//! A link that opens one session, once. Only the hash of its secret is kept.

use sea_orm::entity::prelude::*;

use crate::{PersonId, SignInLinkId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SignInLinkId,
    pub person_id: PersonId,
    /// SHA-256 of the secret in the link, in hex.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
