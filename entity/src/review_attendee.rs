//! Somebody who is invited to a review (R30).

use sea_orm::entity::prelude::*;

use crate::{Expectation, IncidentId, InvitationAnswer, PersonId, ReviewId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_attendee")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: ReviewId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub incident_id: IncidentId,
    pub expectation: Expectation,
    /// Why they are invited, in words.
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    pub answer: Option<InvitationAnswer>,
    pub answered_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
