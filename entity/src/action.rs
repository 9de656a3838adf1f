//! Something to do during an incident.

use sea_orm::entity::prelude::*;

use crate::{ActionId, ActionState, IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "action")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ActionId,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    pub assignee_id: Option<PersonId>,
    pub state: ActionState,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
