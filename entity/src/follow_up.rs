//! Something to do because of what an incident revealed (R33).

use sea_orm::entity::prelude::*;

use crate::{ActionState, FollowUpId, IncidentId, PersonId, Timestamp};

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
    /// The board it belongs on, by its key in the playbook.
    #[sea_orm(column_type = "Text")]
    pub board: String,
    pub owner_id: PersonId,
    pub due_on: Option<Date>,
    pub state: ActionState,
    /// Why it was added although the incident already has as many as usually get done.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    pub created_at: Timestamp,
    /// When somebody last changed it here. If it was changed in Trello as well, the newer change wins.
    pub changed_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    /// Its card in Trello.
    #[sea_orm(column_type = "Text", nullable)]
    pub card_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub card_url: Option<String>,
    /// The card as of when both sides last agreed.
    pub card: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
