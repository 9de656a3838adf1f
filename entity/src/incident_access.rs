//! A person who may see a restricted incident.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_access")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub granted_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
