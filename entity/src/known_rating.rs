//! What somebody in an incident said of a page of the ops docs, or of a past incident: that it helped, or that it is out of date.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, KnownVerdict, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_rating")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    /// The page's path, or the past incident's id.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub subject: String,
    pub verdict: KnownVerdict,
    pub rated_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
