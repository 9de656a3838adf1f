//! Something to do because of what an incident showed (R33).

use sea_orm::entity::prelude::*;

use crate::{ActionState, FollowUpId, IncidentId, PersonId, Timestamp};

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "follow_up")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FollowUpId,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// The playbook's key of the board that it belongs on.
    #[sea_orm(column_type = "Text")]
    pub board: String,
    pub owner_id: PersonId,
    pub due_on: Option<Date>,
    pub state: ActionState,
    /// Why there is one more than the few that usually get done.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub created_at: Timestamp,
    /// When somebody last changed it here. Of what was changed at Trello as well, the newer stands.
    pub changed_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    /// Its card at Trello.
    #[sea_orm(column_type = "Text", nullable)]
    pub card_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub card_url: Option<String>,
    /// How the card was when both sides last agreed.
    pub card: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
