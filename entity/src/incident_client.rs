//! A client that an incident affects.

use sea_orm::entity::prelude::*;

use crate::{ClientId, IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_client")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: ClientId,
    pub since: Timestamp,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// When an update was last sent to them.
    pub told_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
