//! A stretch of time in which a person is meant to be on call.

use sea_orm::entity::prelude::*;

use crate::{OnCallLine, PersonId, ShiftId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "shift")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ShiftId,
    pub line: OnCallLine,
    pub person_id: PersonId,
    pub starts_at: Timestamp,
    /// `None` for an open-ended shift.
    pub ends_at: Option<Timestamp>,
    /// The iCalendar UID of the event in an imported rota; `None` for a shift set by hand.
    #[sea_orm(column_type = "Text", nullable)]
    pub source: Option<String>,
    pub created_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
