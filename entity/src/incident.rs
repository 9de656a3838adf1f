//! An incident, with what the board needs from its child tables.

use sea_orm::entity::prelude::*;

use crate::{Awaited, Flags, IncidentId, IncidentStatus, LastChanges, PersonId, Severity, Timestamp, Visibility};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IncidentId,
    /// The number in `INC-42`.
    pub number: i32,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What clients call the problem: the name is internal and may name other clients.
    #[sea_orm(column_type = "Text", nullable)]
    pub client_name: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub summary: Option<String>,
    pub severity: Severity,
    pub status: IncidentStatus,
    /// Whether the status is one of the three live ones; kept for the board's index.
    pub live: bool,
    pub visibility: Visibility,
    pub flags: Flags,
    pub reporter_id: Option<PersonId>,
    /// The current lead; the history is in `role_assignment`.
    pub lead_id: Option<PersonId>,
    /// The current client comms manager; the history is in `role_assignment`.
    pub comms_manager_id: Option<PersonId>,
    pub reported_at: Timestamp,
    pub declared_at: Option<Timestamp>,
    pub impact_started_at: Option<Timestamp>,
    pub impact_ended_at: Option<Timestamp>,
    pub resolved_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub merged_into_id: Option<IncidentId>,
    pub impact_requests: Option<i32>,
    pub impact_visits: Option<i32>,
    pub impact_users: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub impact_description: Option<String>,
    /// Incremented with every change.
    pub version: i32,
    /// Number of events on the timeline.
    pub last_sequence: i32,
    /// Hash of the newest event, where the chain continues.
    pub last_hash: Vec<u8>,
    /// The newest event of kind UPDATE.
    pub latest_update_sequence: Option<i32>,
    pub changed_at: Timestamp,
    /// When people must next be reminded of a step of the playbook.
    pub next_due_at: Option<Timestamp>,
    pub reopened_at: Option<Timestamp>,
    /// How often the severity rose to major or critical, including the declaration.
    pub raised: i32,
    /// When it last did.
    pub raised_at: Option<Timestamp>,
    /// Since when it has concerned the leadership.
    pub leadership_since: Option<Timestamp>,
    /// Since when it has counted as a breach.
    pub breach_since: Option<Timestamp>,
    /// Since when it was first critical.
    pub critical_since: Option<Timestamp>,
    /// Since when somebody was first known to have got in.
    pub security_breach_since: Option<Timestamp>,
    /// Since when data was first known to have got out.
    pub data_breach_since: Option<Timestamp>,
    /// From when its report asks to be triaged, if nobody was paged for it out of hours.
    pub triage_from: Option<Timestamp>,
    /// When second line was last paged.
    pub escalated_at: Option<Timestamp>,
    /// Number of events of kind UPDATE.
    pub updates: i32,
    pub last_update_at: Option<Timestamp>,
    /// How often the client who waited longest for an update heard from us, or no longer had to: the number in the step's key.
    pub client_updates: i32,
    pub last_client_update_at: Option<Timestamp>,
    /// When a client was first marked as affected.
    pub first_client_at: Option<Timestamp>,
    /// When its problem ticket was requested.
    pub problem_ordered_at: Option<Timestamp>,
    /// Since when the chat follows it.
    pub chat_since: Option<Timestamp>,
    /// When its channel in the chat was requested.
    pub channel_ordered_at: Option<Timestamp>,
    /// When somebody first led it, no earlier than it was declared.
    pub led_at: Option<Timestamp>,
    /// When second line was first paged since it was declared.
    pub second_line_at: Option<Timestamp>,
    /// Summaries that were posted before they were due; absent, as the next three, if nobody counted while it lasted.
    pub summaries_in_time: Option<i32>,
    /// Summaries that were posted once they were due, or that were due and never came.
    pub summaries_late: Option<i32>,
    /// Updates to the client who waited longest that were sent before they were due.
    pub client_updates_in_time: Option<i32>,
    /// Those that were sent once they were due, or that were due and never came.
    pub client_updates_late: Option<i32>,
    /// People who were reminded and have done nothing in it since.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub awaited: Option<Awaited>,
    /// Who changed which field last; absent as long as an incident that is older than this has not changed.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub last_changes: Option<LastChanges>,
}

impl ActiveModelBehavior for ActiveModel {}
