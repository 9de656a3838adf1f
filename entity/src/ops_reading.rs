//! How the last reading of the ops docs went. One row.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ops_reading")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// When they are read again.
    pub due_at: Timestamp,
    /// When they were last tried.
    pub tried_at: Timestamp,
    /// How often in a row they could not be read.
    pub failures: i32,
    /// Pages of the last reading that succeeded.
    pub pages: i32,
    /// When that was.
    pub read_at: Option<Timestamp>,
    /// The commit that was read, if they are in Git.
    #[sea_orm(column_type = "Text", nullable)]
    pub mark: Option<String>,
    /// Why they could not be read the last time.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// Files that are no pages, and why: a list of `{path, problem}`.
    pub unread: Json,
}

impl ActiveModelBehavior for ActiveModel {}
