//! A goal of the response that was met, with the evidence.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "goal")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub goal: String,
    pub met_at: Option<Timestamp>,
    pub met_by_id: Option<PersonId>,
    #[sea_orm(column_type = "Text", nullable)]
    pub evidence: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
