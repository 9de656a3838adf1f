//! Something that tells again and again that it lives, such as a backup that runs at night, and what is known of it.

use sea_orm::entity::prelude::*;

use crate::{HeartbeatId, PersonId, Severity, SiteId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "heartbeat")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HeartbeatId,
    /// Part of its address, so it never changes. Unique.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// SHA-256 of its secret, in hex.
    #[sea_orm(column_type = "Text")]
    pub secret_hash: String,
    /// How bad its silence is.
    pub severity: Severity,
    /// How long it is silent at most while all is well.
    pub every_seconds: i32,
    /// How much later it may be.
    pub grace_seconds: i32,
    pub site_id: Option<SiteId>,
    /// What to know and to do when it falls silent.
    #[sea_orm(column_type = "Text", nullable)]
    pub note: Option<String>,
    /// 1, 2, 3 …: rises with each change by people.
    pub version: i32,
    pub created_by_id: Option<PersonId>,
    pub created_at: Timestamp,
    /// When it got its present secret, if that is not its first.
    pub rotated_at: Option<Timestamp>,
    /// Since when nobody waits for it.
    pub paused_at: Option<Timestamp>,
    pub last_beat_at: Option<Timestamp>,
    /// When it last said that it failed, unless it has beaten since.
    pub failed_at: Option<Timestamp>,
    /// What it said then.
    #[sea_orm(column_type = "Text", nullable)]
    pub failure: Option<String>,
    /// When its silence becomes an alarm; nothing while nobody waits for it.
    pub expected_by: Option<Timestamp>,
    /// When a worker must look at it next.
    pub next_due_at: Option<Timestamp>,
    /// Since when it is an alarm, which may be about to be raised or ended.
    pub alarm_since: Option<Timestamp>,
    /// What that alarm is called.
    #[sea_orm(column_type = "Text", nullable)]
    pub alarm_title: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
