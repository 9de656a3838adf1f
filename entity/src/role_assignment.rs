//! A stretch of time in which a person held a role.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, Role, RoleAssignmentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "role_assignment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RoleAssignmentId,
    pub incident_id: IncidentId,
    pub role: Role,
    pub person_id: PersonId,
    pub assigned_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// What the previous holder wanted the new one to know.
    #[sea_orm(column_type = "Text", nullable)]
    pub handover_note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
