//! How the last reading of the sites elsewhere went, and whether it waits for a person. One row.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "site_reading")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// When they are read again.
    pub due_at: Timestamp,
    /// When they were last tried.
    pub tried_at: Timestamp,
    /// How often in a row they could not be read.
    pub failures: i32,
    /// Sites of the last reading that succeeded.
    pub listed: i32,
    /// How much there was to say of it.
    pub note_count: i32,
    /// When that was.
    pub read_at: Option<Timestamp>,
    /// Why they could not be read the last time.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// What could not be taken, and why: a list of `{site, field, problem}`.
    pub notes: Json,
    /// What waits for a person, by its fingerprint.
    #[sea_orm(column_type = "Text", nullable)]
    pub waiting_plan: Option<String>,
    /// Since when.
    pub waiting_since: Option<Timestamp>,
    /// When somebody left it as it is.
    pub left_at: Option<Timestamp>,
    /// What would be lost by it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub loss: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
