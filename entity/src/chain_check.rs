//! How far the hash chain of a timeline was last verified.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chain_check")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    pub verified_sequence: i32,
    /// The first event that does not match the chain, if any.
    pub broken_sequence: Option<i32>,
    pub checked_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
