//! Who got in, who changed what others may do, and who took data out. Rows are only added: the database refuses to change or remove one.

use sea_orm::entity::prelude::*;

use crate::{ApiTokenId, AuditAction, AuditEntryId, PersonId, Source, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEntryId,
    /// 1, 2, 3 …
    pub sequence: i32,
    pub at: Timestamp,
    pub action: AuditAction,
    /// Nobody: Muster itself, the command line, or somebody who could not sign in.
    pub actor_id: Option<PersonId>,
    /// The token that the actor presented. Tokens are deleted in the end, so there is no reference, and the name is kept.
    pub token_id: Option<ApiTokenId>,
    #[sea_orm(column_type = "Text", nullable)]
    pub token_name: Option<String>,
    pub source: Source,
    /// The network address of the caller.
    #[sea_orm(column_type = "Text", nullable)]
    pub address: Option<String>,
    /// What it was done to: an id as outside Muster (`per_…`), or the name of an outside system.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// JSON as text: what was hashed is what is stored, on both databases.
    #[sea_orm(column_type = "Text", nullable)]
    pub details: Option<String>,
    /// SHA-256 of the previous hash and this entry.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
