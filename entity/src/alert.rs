//! What an alerting system told: one row for each time that one alert fired.

use sea_orm::entity::prelude::*;

use crate::{AlertId, IncidentId, Timestamp};

/// A row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    /// The hook it came by, e.g. `alertmanager`.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// The identity of the alert at its source; with `starts_at` that of one firing.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// What groups alerts into one incident at the source.
    #[sea_orm(column_type = "Text")]
    pub group_key: String,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    pub firing: bool,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    /// How often it was told.
    pub count: i32,
    pub incident_id: Option<IncidentId>,
    pub labels: Json,
    pub received_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
