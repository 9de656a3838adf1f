//! A ticket related to an incident (R20).

use sea_orm::entity::prelude::*;

use crate::{ClientId, IncidentId, System, TicketId, TicketLink, Timestamp};

/// One row for each ticket and incident.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TicketId,
    pub incident_id: IncidentId,
    pub system: System,
    /// Its number in the outside system.
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub url: Option<String>,
    /// Whether it is the problem ticket that the others are linked to.
    pub parent: bool,
    pub link: TicketLink,
    /// `None` until it was fetched from the system.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// The system's own word, in lower case.
    #[sea_orm(column_type = "Text", nullable)]
    pub status: Option<String>,
    /// The newest change reported by the system, by its clock; reports of earlier changes are stale.
    pub seen_at: Option<Timestamp>,
    /// The client it belongs to.
    pub client_id: Option<ClientId>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
