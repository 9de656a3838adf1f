//! What affected clients are told (R22). Who was reached is in the deliveries that carry it.

use sea_orm::entity::prelude::*;

use crate::{ClientUpdateId, IncidentId, PersonId, Timestamp};

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_update")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientUpdateId,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// The ids of the clients that it is for; nothing for all that are affected when it is sent.
    pub clients: Option<Json>,
    /// Whoever wrote it as it stands.
    pub author_id: PersonId,
    pub created_at: Timestamp,
    /// Whoever else has read it and found it right.
    pub approved_by_id: Option<PersonId>,
    pub approved_at: Option<Timestamp>,
    /// Whoever pressed send.
    pub sent_by_id: Option<PersonId>,
    /// Nothing while it is a draft.
    pub sent_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
