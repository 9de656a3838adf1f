//! A signed-in browser. Only the hash of its secret is kept.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, SessionId, SignInWay, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub person_id: PersonId,
    /// SHA-256 of the cookie's value, in hex.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    /// The only incident it is good for, if it was opened by the answer to a page.
    pub incident_id: Option<IncidentId>,
    /// How it began; unknown of those that are older than this column.
    pub way: Option<SignInWay>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
