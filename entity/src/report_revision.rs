//! A section of a report as somebody left it.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, ReportId, ReportVersions, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: ReportId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The section's version that it made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub abridged: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub client: Option<String>,
    pub versions: ReportVersions,
    pub written_at: Timestamp,
    pub written_by_id: Option<PersonId>,
}

impl ActiveModelBehavior for ActiveModel {}
