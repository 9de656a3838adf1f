//! A body that an authenticated sender posted to a hook of alerts, as long as it is kept. The body is in [`crate::alert_post_body`].

use sea_orm::entity::prelude::*;

use crate::{AlertPostId, AlertPostOutcome, IncidentId, PersonId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_post")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AlertPostId,
    /// The end of the address that it was posted to, without a secret: `alertmanager`, `alerts` or `alerts/NAME`.
    #[sea_orm(column_type = "Text")]
    pub hook: String,
    /// What people and rules know its source by.
    #[sea_orm(column_type = "Text")]
    pub source: String,
    /// The kind of its source, by its name.
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    pub received_at: Timestamp,
    /// The headers that reading it again takes: a JSON object of texts.
    pub headers: Json,
    /// Bytes of the body as it was posted.
    pub bytes: i32,
    /// Bytes that are stored of it, packed.
    pub kept_bytes: i32,
    /// Whether all of it is kept; else it was too large, and only its beginning is.
    pub is_whole: bool,
    /// SHA-256 of what is kept, in hex: the same for what was posted twice.
    #[sea_orm(column_type = "Text")]
    pub digest: String,
    pub outcome: AlertPostOutcome,
    /// Alarms in it.
    pub alarms: i32,
    /// Alerts that began.
    pub began: i32,
    /// Alerts that ended.
    pub ended: i32,
    /// Alarms that a rule ignores.
    pub ignored: i32,
    /// Alarms that were passed over, because there were too many.
    pub dropped: i32,
    /// Alarms that are recorded only, because a rule says so.
    pub recorded: i32,
    /// Alarms that are recorded only, because of a quiet window.
    pub quiet: i32,
    /// Alarms whose level is too low to open an incident.
    pub too_low: i32,
    /// Alarms that a rule has only join what runs, and nothing ran.
    pub unjoined: i32,
    /// Ends of alerts that were not known to fire.
    pub not_firing: i32,
    /// The incident that its alerts belong to.
    pub incident_id: Option<IncidentId>,
    /// Why it could not be read or taken.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// When somebody last had it taken again.
    pub again_at: Option<Timestamp>,
    /// Who that was.
    pub again_by_id: Option<PersonId>,
}

impl ActiveModelBehavior for ActiveModel {}
