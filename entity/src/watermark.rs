//! How far a background job has got through the incidents.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "watermark")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub changed_at: Timestamp,
    pub incident_id: IncidentId,
}

impl ActiveModelBehavior for ActiveModel {}
