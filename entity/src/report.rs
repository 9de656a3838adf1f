//! The report about an incident (R26). There is at most one for each.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, ReportId, ReportState, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReportId,
    #[sea_orm(unique)]
    pub incident_id: IncidentId,
    pub state: ReportState,
    pub started_at: Timestamp,
    /// When it was last given to people to read.
    pub circulated_at: Option<Timestamp>,
    pub final_at: Option<Timestamp>,
    pub final_by_id: Option<PersonId>,
    /// Why it was finished without a review.
    #[sea_orm(column_type = "Text", nullable)]
    pub review_waived: Option<String>,
    /// When the abridged version was published.
    pub abridged_at: Option<Timestamp>,
    /// When each client that is affected had got its version.
    pub clients_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
