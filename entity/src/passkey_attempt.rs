//! A passkey that is being added or used: what the browser was asked and has not answered yet. An answer removes it.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkey_attempt")]
pub struct Model {
    /// SHA-256 of the secret in the browser's cookie, in hex.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub secret_hash: String,
    /// Who adds one; nobody for a sign-in.
    pub person_id: Option<PersonId>,
    /// The challenge and what else is expected of the answer, in the encoding of `webauthn_rp`.
    pub state: Vec<u8>,
    pub expires_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
