//! An update to affected clients (R22). Whether it reached them is in its deliveries.

use sea_orm::entity::prelude::*;

use crate::{ClientUpdateId, IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "client_update")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClientUpdateId,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// The ids of the clients it is for; `None` for all affected when it is sent.
    pub clients: Option<Json>,
    /// Who wrote the current text.
    pub author_id: PersonId,
    pub created_at: Timestamp,
    /// Who else has read and approved it.
    pub approved_by_id: Option<PersonId>,
    pub approved_at: Option<Timestamp>,
    /// Who pressed send.
    pub sent_by_id: Option<PersonId>,
    /// `None` while it is a draft.
    pub sent_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
