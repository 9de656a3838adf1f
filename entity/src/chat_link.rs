//! A link by which somebody shows that an account in the chat is theirs. Only the hash of its secret is kept.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_link")]
pub struct Model {
    /// SHA-256 of the secret in the link, in hex.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub secret_hash: String,
    /// The account in the chat.
    #[sea_orm(column_type = "Text")]
    pub account: String,
    /// What it is called there.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub expires_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
