//! A site that an incident is about.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, SiteId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_site")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: SiteId,
}

impl ActiveModelBehavior for ActiveModel {}
