//! What somebody says about an incident outside the meeting (R31). Of an anonymous comment there is nothing but the words and the day.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, ReviewCommentId, ReviewId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_comment")]
pub struct Model {
    /// By chance, and not by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReviewCommentId,
    pub review_id: ReviewId,
    pub incident_id: IncidentId,
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// `None` for an anonymous comment.
    pub author_id: Option<PersonId>,
    pub written_on: Date,
    /// Whether people see it.
    pub shown: bool,
}

impl ActiveModelBehavior for ActiveModel {}
