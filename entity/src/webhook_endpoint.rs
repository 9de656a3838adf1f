//! Where events are posted to. Its secret is in no row: it is derived from the setting `webhooks.key`.

use sea_orm::entity::prelude::*;

use crate::{PersonId, Severity, Timestamp, WebhookEndpointId, WebhookTypes};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoint")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// Which types of events are posted; absent for all.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub types: Option<WebhookTypes>,
    /// Only events of incidents that are at least this bad are posted.
    pub least_severity: Option<Severity>,
    /// Whether events of restricted incidents are posted as well.
    pub includes_restricted: bool,
    /// 1, 2, 3 …: its secret is another one with each.
    pub generation: i32,
    /// When it got its present secret, if that is not its first.
    pub rotated_at: Option<Timestamp>,
    /// SHA-256 of its secret, in hex: tells when the setting was replaced.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    pub created_by_id: Option<PersonId>,
    pub created_at: Timestamp,
    /// Since when nothing is posted there.
    pub disabled_at: Option<Timestamp>,
    #[sea_orm(column_type = "Text", nullable)]
    pub disabled_why: Option<String>,
    /// Since when it has taken nothing.
    pub failing_since: Option<Timestamp>,
    /// Until when it wants to be left alone.
    pub paused_until: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
