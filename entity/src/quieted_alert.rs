//! An alert that was recorded and not reported because of a quiet window, with what its row does not say: it is heard again when the
//! window is over.

use sea_orm::entity::prelude::*;

use crate::{AlertId, QuietWindowId, Severity, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "quieted_alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub alert_id: AlertId,
    pub window_id: QuietWindowId,
    /// When the window is over.
    pub look_at: Timestamp,
    /// The level that its source named.
    pub severity: Option<Severity>,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// The addresses of what it is about, beside those in its labels.
    #[sea_orm(column_type = "JsonBinary")]
    pub links: Json,
}

impl ActiveModelBehavior for ActiveModel {}
