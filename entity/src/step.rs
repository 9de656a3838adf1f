//! What is recorded about one step of the playbook. The step itself is derived, never stored.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "step")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    /// Names the obligation, e.g. `summary:2.1`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub due_at: Timestamp,
    /// When people were reminded that it is due.
    pub due_reminded_at: Option<Timestamp>,
    /// When people were reminded that it is overdue.
    pub overdue_reminded_at: Option<Timestamp>,
    /// Until when they are left alone, as they asked.
    pub snoozed_until: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    pub settled_by_id: Option<PersonId>,
    /// Skipped: settled without being done.
    pub waived: bool,
    /// The decision, or why it was skipped.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
