//! When a hook of alerts was last heard, and when it last refused something.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_hook")]
pub struct Model {
    /// The end of its address, without a secret: `alertmanager`, `alerts` or `alerts/NAME`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub hook: String,
    /// When somebody last posted there who proved who they are.
    pub heard_at: Option<Timestamp>,
    pub refused_at: Option<Timestamp>,
    /// Why, in our words.
    #[sea_orm(column_type = "Text", nullable)]
    pub refusal: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
