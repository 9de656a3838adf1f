//! Alerts from alerting systems: one row for each time an alert fired, or for a stretch in which it flapped.

use sea_orm::entity::prelude::*;

use crate::{AlertId, IncidentId, Severity, Stretch, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertId,
    /// The hook it came through, e.g. `alertmanager`.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// The alert's identity at its source.
    #[sea_orm(column_type = "Text")]
    pub fingerprint: String,
    /// What tells its firings apart: the start that the source named, or nothing where one fires at a time. Unique while it fires.
    #[sea_orm(column_type = "Text")]
    pub identity: String,
    /// The source's key for alerts that belong to one incident, or its hash if it is long.
    #[sea_orm(column_type = "Text")]
    pub group_key: String,
    #[sea_orm(column_type = "Text")]
    pub title: String,
    pub firing: bool,
    /// For people: never later than it was heard of.
    pub starts_at: Timestamp,
    /// For people.
    pub ends_at: Option<Timestamp>,
    /// The latest start that the source named, by its clock.
    pub told_start: Option<Timestamp>,
    /// The end that the source named, by its clock.
    pub told_end: Option<Timestamp>,
    /// The level that the source named last; none below those that report.
    pub severity: Option<Severity>,
    /// How often it was received.
    pub count: i32,
    pub incident_id: Option<IncidentId>,
    pub labels: Json,
    /// When it was last heard that it fires, or first that it ended.
    pub received_at: Timestamp,
    /// If it flaps or flapped: what the row stands for beside its newest firing.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub stretch: Option<Stretch>,
    /// While it flaps: when to look whether it has settled.
    pub look_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
