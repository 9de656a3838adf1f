//! A site whose alerts are recorded and not reported for a time.

use sea_orm::entity::prelude::*;

use crate::{QuietWindowId, SiteId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quiet_window_site")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub window_id: QuietWindowId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: SiteId,
}

impl ActiveModelBehavior for ActiveModel {}
