//! A moment of an incident that a facilitator added to what a review talks about, or took out (R31).

use sea_orm::entity::prelude::*;

use crate::{EventId, IncidentId, ReviewId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_moment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: ReviewId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: EventId,
    pub incident_id: IncidentId,
    /// Whether it is talked about.
    pub wanted: bool,
}

impl ActiveModelBehavior for ActiveModel {}
