//! A time in which alerts are recorded and not reported: those of its sites, or of its source.

use sea_orm::entity::prelude::*;

use crate::{PersonId, QuietWindowId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quiet_window")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: QuietWindowId,
    /// All alerts of this source; none if it is about sites.
    #[sea_orm(column_type = "Text", nullable)]
    pub source: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub why: String,
    pub starts_at: Timestamp,
    /// Moved forward if somebody ends it before its time.
    pub ends_at: Timestamp,
    pub created_at: Timestamp,
    pub added_by_id: Option<PersonId>,
    /// Who ended it before its time.
    pub ended_by_id: Option<PersonId>,
}

impl ActiveModelBehavior for ActiveModel {}
