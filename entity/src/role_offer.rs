//! A role offered to a person, who takes it over by accepting (R13).

use sea_orm::entity::prelude::*;

use crate::{IncidentId, OfferState, PersonId, Role, RoleOfferId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_offer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleOfferId,
    pub incident_id: IncidentId,
    pub role: Role,
    /// Who it is offered to.
    pub person_id: PersonId,
    pub offered_by_id: Option<PersonId>,
    pub offered_at: Timestamp,
    /// What the current holder wants the new one to know.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// The situation when it was offered, in Markdown.
    #[sea_orm(column_type = "Text")]
    pub brief: String,
    pub state: OfferState,
    /// SHA-256 of the secret in the mail's link, in hex.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret_hash: Option<String>,
    /// The secret itself, until the mail is sent.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret: Option<String>,
    pub answered_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
