//! An account at the company's identity provider that signs a person in.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity")]
pub struct Model {
    /// The provider, by its own name.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub issuer: String,
    /// The account, by the provider's name for it, which never changes.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub subject: String,
    pub person_id: PersonId,
    pub created_at: Timestamp,
    /// When it last signed somebody in.
    pub used_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
