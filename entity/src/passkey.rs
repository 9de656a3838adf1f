//! A key pair in somebody's device that signs them in. The private half never leaves the device.

use sea_orm::entity::prelude::*;

use crate::{PasskeyId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "passkey")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PasskeyId,
    pub person_id: PersonId,
    /// What its owner calls it.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// The device's own id for it.
    pub credential_id: Vec<u8>,
    /// The public half, in the encoding of `webauthn_rp`.
    pub public_key: Vec<u8>,
    /// What changes as it is used, such as the device's count of signatures, in the same encoding.
    pub state: Vec<u8>,
    pub created_at: Timestamp,
    /// When it last signed its owner in.
    pub used_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
