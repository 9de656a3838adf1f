//! Alerts from alerting systems: one row for each time an alert fired.

use sea_orm::entity::prelude::*;

use crate::{AlertId, IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    /// The hook it came through, e.g. `alertmanager`.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// The alert's identity at its source; with `starts_at`, that of one firing.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// The source's key for alerts that belong to one incident.
    #[sea_orm(column_type = "Text")]
    pub group_key: String,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    pub firing: bool,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    /// How often it was received.
    pub count: i32,
    pub incident_id: Option<IncidentId>,
    pub labels: Json,
    pub received_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
