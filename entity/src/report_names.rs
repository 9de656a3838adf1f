//! What people are called in a report (R27): for good, so that one who is "responder 2" in one version is not "responder 3" in the next.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, ReportId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_names")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: ReportId,
    pub incident_id: IncidentId,
    /// Who has which name.
    #[sea_orm(column_type = "JsonBinary")]
    pub cast: Json,
    /// What the author decided about words that may be names.
    #[sea_orm(column_type = "JsonBinary")]
    pub decisions: Json,
}

impl ActiveModelBehavior for ActiveModel {}
