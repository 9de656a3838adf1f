//! The review of an incident (R30 to R32). There is at most one for each.

use sea_orm::entity::prelude::*;

use crate::{FileIds, IncidentId, PersonId, ReviewId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReviewId,
    #[sea_orm(unique)]
    pub incident_id: IncidentId,
    pub starts_at: Timestamp,
    pub duration_minutes: i32,
    /// Where people meet: a room, or the link of a call.
    #[sea_orm(column_type = "Text", nullable)]
    pub place: Option<String>,
    pub facilitator_id: PersonId,
    pub note_taker_id: PersonId,
    /// Somebody senior who had no part in the response.
    pub senior_outsider_id: Option<PersonId>,
    /// Why the plan stands although it breaks rules.
    #[sea_orm(column_type = "Text", nullable)]
    pub override_reason: Option<String>,
    /// How often what invitations say has changed: iCalendar's SEQUENCE.
    pub sequence: i32,
    pub planned_at: Timestamp,
    /// When it was called off, if it was not planned again.
    pub called_off_at: Option<Timestamp>,
    /// When the facilitator began it.
    pub begun_at: Option<Timestamp>,
    /// When it was held.
    pub held_at: Option<Timestamp>,
    #[sea_orm(column_type = "Text", nullable)]
    pub notes: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub recording_url: Option<String>,
    /// The review found that nothing needs to be followed up.
    pub no_follow_ups: bool,
    /// Which of the incident's files were handed round; `None` if none were.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub file_ids: Option<FileIds>,
}

impl ActiveModelBehavior for ActiveModel {}
