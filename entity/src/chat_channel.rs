//! What the chat shows of an incident, and its channel there.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_channel")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub incident_id: IncidentId,
    /// The channel's id; absent until it has one.
    #[sea_orm(column_type = "Text", nullable)]
    pub channel: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub name: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub url: Option<String>,
    /// Whether only its members see it.
    pub is_private: bool,
    /// Whether Muster made it, rather than a person.
    pub is_ours: bool,
    /// The pinned message.
    #[sea_orm(column_type = "Text", nullable)]
    pub summary_ts: Option<String>,
    /// Names what the channel shows, to tell whether that is what it should show.
    #[sea_orm(column_type = "Text", nullable)]
    pub shown: Option<String>,
    /// Accounts that were invited, between blanks.
    #[sea_orm(column_type = "Text", nullable)]
    pub invited: Option<String>,
    /// What is wrong with it, for people.
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// Where the reading of its history goes on.
    #[sea_orm(column_type = "Text", nullable)]
    pub history_page: Option<String>,
    /// The version of the incident that all this shows.
    pub shown_version: i32,
    /// Whether its history is to be read.
    pub reads_history: bool,
    /// When it is looked at again, by whoever takes it then.
    pub due_at: Option<Timestamp>,
    /// When it is to be archived.
    pub archive_at: Option<Timestamp>,
    /// When it was archived, or turned out to be gone.
    pub archived_at: Option<Timestamp>,
    /// Since when nothing of it has to follow the incident any more.
    pub rests_since: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
