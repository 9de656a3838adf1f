//! When a source of alerts was last heard of, what it was last refused, and how long it is usually silent.

use sea_orm::entity::prelude::*;

use crate::{SourcePauses, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_source")]
pub struct Model {
    /// The end of its address, without a secret: `alertmanager`, `alerts` or `alerts/NAME`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub hook: String,
    /// When something last came that it proved to be from, to the minute or so.
    pub last_heard_at: Option<Timestamp>,
    /// When something was last refused, to the minute or so.
    pub last_refused_at: Option<Timestamp>,
    /// Why, in our words.
    #[sea_orm(column_type = "Text", nullable)]
    pub refusal: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub pauses: SourcePauses,
    /// Since when its silence is an alarm, which may be about to be raised or ended.
    pub alarm_since: Option<Timestamp>,
    /// Whether that alarm was raised.
    pub is_raised: bool,
}

impl ActiveModelBehavior for ActiveModel {}
