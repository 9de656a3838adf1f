//! What mutations and queries of incidents take.

use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};
use domain::incident;

use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{ActionState, IncidentFlag, IncidentStatus, Role, Severity, Visibility, optional_id};

/// Which incidents; what is left out does not narrow.
#[derive(Default, InputObject)]
pub struct IncidentFilter {
    /// In one of these statuses.
    status: Option<Vec<IncidentStatus>>,
    /// Shorthand for INVESTIGATING, FIXING and MONITORING; false for all others.
    live: Option<bool>,
    /// Of one of these severities.
    severity: Option<Vec<Severity>>,
    /// About this site.
    site_id: Option<ID>,
    /// Affecting this client.
    client_id: Option<ID>,
    /// In which this person has or had a role.
    person_id: Option<ID>,
    /// With this flag.
    flag: Option<IncidentFlag>,
    /// Declared then or later.
    declared_after: Option<DateTime<Utc>>,
    /// Declared then or earlier.
    declared_before: Option<DateTime<Utc>>,
    /// With all these words in name, summary or timeline.
    text: Option<String>,
}

impl IncidentFilter {
    /// The domain's form.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for an id of another kind.
    pub fn read(self) -> ApiResult<incident::IncidentFilter> {
        Ok(incident::IncidentFilter {
            status: self.status.map(|status| status.into_iter().map(Into::into).collect()),
            live: self.live,
            severity: self.severity.map(|severity| severity.into_iter().map(Into::into).collect()),
            site_id: optional_id("filter.siteId", self.site_id.as_ref())?,
            client_id: optional_id("filter.clientId", self.client_id.as_ref())?,
            person_id: optional_id("filter.personId", self.person_id.as_ref())?,
            flag: self.flag.map(Into::into),
            declared_after: self.declared_after,
            declared_before: self.declared_before,
            text: self.text,
        })
    }
}

/// A report that something is wrong.
#[derive(InputObject)]
pub struct ReportIncidentInput {
    /// Short and understandable, e.g. `example.org errors`.
    pub name: String,
    /// What was seen.
    pub description: Option<String>,
    /// Where.
    pub site_ids: Option<Vec<ID>>,
    /// The same key again gives the same incident, not a second one.
    pub idempotency_key: Option<String>,
}

/// An incident to declare.
#[derive(InputObject)]
pub struct DeclareIncidentInput {
    /// Declare a reported incident; left out, a new one is made.
    pub incident_id: Option<ID>,
    /// Needed for a new incident.
    pub name: Option<String>,
    /// What is known.
    pub description: Option<String>,
    /// How bad it is; torn between two, take the worse.
    pub severity: Severity,
    /// Who leads.
    pub lead_id: Option<ID>,
    /// Where.
    pub site_ids: Option<Vec<ID>>,
    /// Whom it affects.
    pub affected_client_ids: Option<Vec<ID>>,
    /// What is special about it.
    pub flags: Option<Vec<IncidentFlag>>,
    /// Who may know of it.
    #[graphql(default_with = "Some(Visibility::Open)")]
    pub visibility: Option<Visibility>,
    /// When the impact began.
    pub impact_started_at: Option<DateTime<Utc>>,
    /// The same key again gives the same incident, not a second one.
    pub idempotency_key: Option<String>,
}

/// A report that was no incident.
#[derive(InputObject)]
pub struct DeclineIncidentInput {
    /// Which.
    pub incident_id: ID,
    /// Why not.
    pub reason: String,
}

/// Changes to what is known; what is left out stays.
#[derive(InputObject)]
pub struct UpdateIncidentInput {
    /// Which.
    pub incident_id: ID,
    /// Short and understandable.
    pub name: Option<String>,
    /// What is known. Markdown.
    pub summary: Option<String>,
    /// Who may know of it.
    pub visibility: Option<Visibility>,
    /// All flags from now on.
    pub flags: Option<Vec<IncidentFlag>>,
    /// All sites from now on.
    pub site_ids: Option<Vec<ID>>,
    /// How much was affected.
    pub impact: Option<ImpactInput>,
    /// When the impact began.
    pub impact_started_at: Option<DateTime<Utc>>,
    /// When the impact ended.
    pub impact_ended_at: Option<DateTime<Utc>>,
    /// Refuse with CONFLICT when this is no longer the version.
    pub expected_version: Option<i32>,
}

/// How much was affected, all of it from now on.
#[derive(InputObject)]
pub struct ImpactInput {
    /// Failed requests.
    pub requests: Option<i32>,
    /// Affected visits.
    pub visits: Option<i32>,
    /// Affected users.
    pub users: Option<i32>,
    /// In words.
    pub description: Option<String>,
}

/// Another severity.
#[derive(InputObject)]
pub struct ChangeSeverityInput {
    /// Of which incident.
    pub incident_id: ID,
    /// How bad it is.
    pub severity: Severity,
    /// What makes you think so.
    pub reason: String,
}

/// Another live status.
#[derive(InputObject)]
pub struct ChangeStatusInput {
    /// Of which incident.
    pub incident_id: ID,
    /// INVESTIGATING, FIXING or MONITORING.
    pub status: IncidentStatus,
    /// Why.
    pub note: Option<String>,
}

/// A role to give.
#[derive(InputObject)]
pub struct AssignRoleInput {
    /// In which incident.
    pub incident_id: ID,
    /// What.
    pub role: Role,
    /// Who.
    pub person_id: ID,
    /// What the new holder should know.
    pub handover_note: Option<String>,
}

/// A role to end without a successor.
#[derive(InputObject)]
pub struct EndRoleInput {
    /// Which stretch of which role.
    pub role_assignment_id: ID,
    /// Why.
    pub note: Option<String>,
}

/// Somebody who may know of an incident while it is restricted.
#[derive(InputObject)]
pub struct ShareIncidentInput {
    /// Which.
    pub incident_id: ID,
    /// Who.
    pub person_id: ID,
    /// False to take it back.
    #[graphql(default = true)]
    pub shared: bool,
}

/// A goal to confirm.
#[derive(InputObject)]
pub struct ConfirmGoalInput {
    /// Of which incident.
    pub incident_id: ID,
    /// The goal's key.
    pub goal: String,
    /// How one knows.
    pub evidence: String,
    /// False takes it back.
    #[graphql(default_with = "Some(true)")]
    pub met: Option<bool>,
    /// Items of the checklist that are done now, by key.
    pub checklist_done: Option<Vec<String>>,
}

/// A client that is affected, or no longer.
#[derive(InputObject)]
pub struct MarkClientAffectedInput {
    /// By which incident.
    pub incident_id: ID,
    /// Which.
    pub client_id: ID,
    /// False when it no longer is.
    #[graphql(default = true)]
    pub affected: bool,
    /// How.
    pub note: Option<String>,
}

/// Something to do.
#[derive(InputObject)]
pub struct AddActionInput {
    /// In which incident.
    pub incident_id: ID,
    /// What, in one line.
    pub title: String,
    /// Who does it.
    pub assignee_id: Option<ID>,
}

/// How an action ended.
#[derive(InputObject)]
pub struct SettleActionInput {
    /// Which.
    pub action_id: ID,
    /// DONE, DROPPED, or OPEN again.
    pub state: ActionState,
}

/// Service is back.
#[derive(InputObject)]
pub struct ResolveIncidentInput {
    /// Which.
    pub incident_id: ID,
    /// What it was and what mended it.
    pub summary: String,
}

/// It was not over.
#[derive(InputObject)]
pub struct ReopenIncidentInput {
    /// Which.
    pub incident_id: ID,
    /// Why.
    pub reason: String,
}

/// All follow-up work is done.
#[derive(InputObject)]
pub struct CloseIncidentInput {
    /// Which.
    pub incident_id: ID,
    /// Last words.
    pub note: Option<String>,
}

/// Two incidents that are one.
#[derive(InputObject)]
pub struct MergeIncidentInput {
    /// The one that ends.
    pub incident_id: ID,
    /// The one that goes on.
    pub into_incident_id: ID,
}
