//! What a review leaves for another forum (R31).

use sea_orm::entity::prelude::*;

use crate::{IncidentId, ParkedTopicId, PersonId, ReviewId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parked_topic")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ParkedTopicId,
    pub review_id: ReviewId,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub topic: String,
    /// Where it goes: a meeting, a channel, a person.
    #[sea_orm(column_type = "Text")]
    pub forum: String,
    pub parked_at: Timestamp,
    pub parked_by_id: Option<PersonId>,
}

impl ActiveModelBehavior for ActiveModel {}
