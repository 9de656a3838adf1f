//! A ticket that has to do with an incident (R20).

use sea_orm::entity::prelude::*;

use crate::{ClientId, IncidentId, System, TicketId, TicketLink, Timestamp};

/// A row. There is one for each ticket and incident.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticket")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TicketId,
    pub incident_id: IncidentId,
    pub system: System,
    /// Its number there.
    #[sea_orm(column_type = "Text")]
    pub external_id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub url: Option<String>,
    /// Whether it is the problem ticket from which the others hang.
    pub parent: bool,
    pub link: TicketLink,
    /// Unknown until the system was asked.
    #[sea_orm(column_type = "Text", nullable)]
    pub subject: Option<String>,
    /// As the system calls it, in lower case.
    #[sea_orm(column_type = "Text", nullable)]
    pub status: Option<String>,
    /// The newest change that the system told of, by its clock: what it tells later of earlier changes is old.
    pub seen_at: Option<Timestamp>,
    /// Whose it is.
    pub client_id: Option<ClientId>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
