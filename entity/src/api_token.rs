//! A secret with which a program calls the API. Only its hash is kept.

use sea_orm::entity::prelude::*;

use crate::{AccessLevel, ApiTokenId, PersonId, Timestamp, TokenBounds};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiTokenId,
    pub person_id: PersonId,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub access_level: AccessLevel,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub bounds: Option<TokenBounds>,
    /// SHA-256 of the token, in hex.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
