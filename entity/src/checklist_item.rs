//! An item of a goal's checklist that was ticked.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "checklist_item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub goal: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub item: String,
    pub done_at: Timestamp,
    pub done_by_id: Option<PersonId>,
    /// How we know.
    #[sea_orm(column_type = "Text", nullable)]
    pub evidence: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
