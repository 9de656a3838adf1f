//! Somebody who was asked to read a report (R27).

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, ReportId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_reader")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: ReportId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub person_id: PersonId,
    pub incident_id: IncidentId,
    pub asked_at: Timestamp,
    /// When they last said that they have read it.
    pub read_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
