//! An event that is posted to an endpoint, written in the transaction of the event.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, Timestamp, WebhookEndpointId, WebhookMessageId, WebhookMessageState};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookMessageId,
    /// May name an endpoint that was removed a moment before.
    pub endpoint_id: WebhookEndpointId,
    /// The incident it is about; absent for a test.
    pub incident_id: Option<IncidentId>,
    #[sea_orm(column_type = "Text")]
    pub event_type: String,
    /// What is signed and posted, byte for byte.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    pub state: WebhookMessageState,
    /// How many attempts were started since it was queued.
    pub attempts: i32,
    /// When the worker looks at it again; while it is being sent, when the attempt counts as lost.
    pub next_attempt_at: Option<Timestamp>,
    /// The HTTP status of the last answer.
    pub last_status: Option<i32>,
    /// Why the last attempt failed.
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    /// The beginning of the last answer.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
    pub created_at: Timestamp,
    /// When it arrived, was given up or cancelled.
    pub ended_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
