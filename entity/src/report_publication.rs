//! A report on its way to its readers outside the incident (R29): what a delivery carries.

use sea_orm::entity::prelude::*;

use crate::{ClientId, DeliveryId, IncidentId, PersonId, ReportId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_publication")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: DeliveryId,
    pub report_id: ReportId,
    pub incident_id: IncidentId,
    /// Whose client version it is; `None` for the abridged version.
    pub client_id: Option<ClientId>,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
    pub published_by_id: Option<PersonId>,
    pub published_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
