//! One effect on an outside system, written in the transaction of its cause.

use sea_orm::entity::prelude::*;

use crate::{
    ClientId, ClientUpdateId, DeliveryId, DeliveryState, FollowUpId, IncidentId, Operation, PageId, PersonId, System, TicketId, Timestamp,
};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeliveryId,
    pub incident_id: Option<IncidentId>,
    pub system: System,
    pub operation: Operation,
    pub state: DeliveryState,
    /// How many attempts were started.
    pub attempts: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    /// When the worker looks at it again; while it is being sent, when the attempt counts as lost.
    pub next_attempt_at: Option<Timestamp>,
    /// What to do, as JSON.
    #[sea_orm(column_type = "Text")]
    pub effect: String,
    /// The recipient, if that is a member of the team.
    pub person_id: Option<PersonId>,
    /// The step it reminds of or carries out.
    #[sea_orm(column_type = "Text", nullable)]
    pub step_key: Option<String>,
    /// The page it carries.
    pub page_id: Option<PageId>,
    /// The client it informs, or whose ticket it is about.
    pub client_id: Option<ClientId>,
    /// The client update it carries.
    pub client_update_id: Option<ClientUpdateId>,
    /// The ticket it is about.
    pub ticket_id: Option<TicketId>,
    /// The follow-up whose card it is about.
    pub follow_up_id: Option<FollowUpId>,
    /// What it changes there, if orders to the same must arrive in the order in which they were given.
    #[sea_orm(column_type = "Text", nullable)]
    pub target: Option<String>,
    /// The id of what it created there.
    #[sea_orm(column_type = "Text", nullable)]
    pub external_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub external_url: Option<String>,
    /// Where its cause stands in its trace, as a `traceparent`, if that is sampled.
    #[sea_orm(column_type = "Text", nullable)]
    pub trace: Option<String>,
    pub created_at: Timestamp,
    /// When it arrived or was done by hand.
    pub delivered_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
