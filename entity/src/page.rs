//! A person who was paged about an incident, and whether they answered. Also records that the leadership was told (R14).

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PageId, PageReason, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "page")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PageId,
    pub incident_id: IncidentId,
    pub person_id: PersonId,
    pub reason: PageReason,
    /// The step that asked for it, if any.
    #[sea_orm(column_type = "Text", nullable)]
    pub step_key: Option<String>,
    pub paged_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    /// Who recorded the answer: the person, or somebody who reached them another way.
    pub answered_by_id: Option<PersonId>,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// SHA-256 of the secret in the mail's link, in hex.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret_hash: Option<String>,
    /// The secret itself, until the mail is sent: each attempt must send the same mail.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
