//! An answer to one of the triage questions.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, Timestamp, TriageVerdict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "triage_answer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    /// The criterion's key in the playbook.
    #[sea_orm(primary_key, auto_increment = false)]
    pub criterion: String,
    pub answer: TriageVerdict,
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    pub answered_by_id: Option<PersonId>,
    pub answered_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
