//! That somebody has read a report as one client would get it, and lets exactly this text leave (R29).

use sea_orm::entity::prelude::*;

use crate::{ClientId, IncidentId, PersonId, ReportId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_approval")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: ReportId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: ClientId,
    /// SHA-256 of the text, in hexadecimal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sha256: String,
    pub incident_id: IncidentId,
    /// Canonical Markdown.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    pub approved_by_id: PersonId,
    pub approved_at: Timestamp,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
