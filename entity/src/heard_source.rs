//! When a source of alerts was last heard of, and how long it is usually silent.

use sea_orm::entity::prelude::*;

use crate::{SourcePauses, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "heard_source")]
pub struct Model {
    /// As the settings name it.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub name: String,
    /// To the minute or so.
    pub last_heard_at: Timestamp,
    #[sea_orm(column_type = "JsonBinary")]
    pub pauses: SourcePauses,
    /// Since when its silence is an alarm, which may be about to be raised or ended.
    pub alarm_since: Option<Timestamp>,
    /// Whether that alarm was raised.
    pub is_raised: bool,
}

impl ActiveModelBehavior for ActiveModel {}
