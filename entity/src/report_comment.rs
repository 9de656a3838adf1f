//! What a reader says about a section of a report (R27).

use sea_orm::entity::prelude::*;

use crate::{CommentKind, IncidentId, PersonId, ReportCommentId, ReportId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_comment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReportCommentId,
    pub report_id: ReportId,
    pub incident_id: IncidentId,
    pub section_key: String,
    /// The passage that it is about.
    #[sea_orm(column_type = "Text", nullable)]
    pub quote: Option<String>,
    pub kind: CommentKind,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    pub author_id: Option<PersonId>,
    pub created_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub resolved_by_id: Option<PersonId>,
    /// What came of it.
    #[sea_orm(column_type = "Text", nullable)]
    pub resolution: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
