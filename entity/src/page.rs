//! A person who was called to an incident, and whether they answered: also the record of the duty to tell (R14).

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PageId, PageReason, PersonId, Timestamp};

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PageId,
    pub incident_id: IncidentId,
    pub person_id: PersonId,
    pub reason: PageReason,
    /// The step that asked for it, if one did.
    #[sea_orm(column_type = "Text", nullable)]
    pub step_key: Option<String>,
    pub paged_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    /// Who said so: the person, or somebody who reached them another way.
    pub answered_by_id: Option<PersonId>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// SHA-256 in hex of the secret in the mail's link.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret_hash: Option<String>,
    /// The secret itself, until the mail has left: each attempt must send the same mail.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
