//! An incident that was taken in from an archive.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    /// What it was called where it was exported, if that reference was taken here.
    #[sea_orm(column_type = "Text", nullable)]
    pub formerly: Option<String>,
    pub imported_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
