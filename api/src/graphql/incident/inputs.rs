//! The inputs of incident mutations and queries.

use async_graphql::{ID, InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use domain::incident;

use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{ActionState, IncidentFlag, IncidentStatus, Role, Severity, Visibility, optional_id};

/// Which incidents to include; omitted conditions do not narrow.
#[derive(Default, InputObject)]
pub struct IncidentFilter {
    /// In one of these statuses.
    status: Option<Vec<IncidentStatus>>,
    /// Shorthand for INVESTIGATING, FIXING and MONITORING; false for all others.
    live: Option<bool>,
    /// With one of these severities.
    severity: Option<Vec<Severity>>,
    /// About this site.
    site_id: Option<ID>,
    /// Affecting this client.
    client_id: Option<ID>,
    /// In which this person has or had a role.
    person_id: Option<ID>,
    /// With this flag.
    flag: Option<IncidentFlag>,
    /// Declared at this time or later.
    declared_after: Option<DateTime<Utc>>,
    /// Declared at this time or earlier.
    declared_before: Option<DateTime<Utc>>,
    /// With words in the name, summary or timeline that begin with each of these: `web-3 expir` finds “certificate expired on web-3.example.org”.
    /// Case, accents and the signs around a word make no difference.
    text: Option<String>,
}

impl IncidentFilter {
    /// The text that is searched for.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Converts to the domain's filter.
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
    /// The sites it is about.
    pub site_ids: Option<Vec<ID>>,
    /// Repeating a key returns the same incident instead of making a second one.
    pub idempotency_key: Option<String>,
}

/// An incident to declare.
#[derive(InputObject)]
pub struct DeclareIncidentInput {
    /// The reported incident to declare; omit it to declare a new one.
    pub incident_id: Option<ID>,
    /// Required for a new incident.
    pub name: Option<String>,
    /// What is known.
    pub description: Option<String>,
    /// How bad it is; if torn between two, take the worse.
    pub severity: Severity,
    /// The incident lead.
    pub lead_id: Option<ID>,
    /// The sites it is about.
    pub site_ids: Option<Vec<ID>>,
    /// The clients it affects.
    pub affected_client_ids: Option<Vec<ID>>,
    /// What is special about it.
    pub flags: Option<Vec<IncidentFlag>>,
    /// Who may know about it.
    #[graphql(default_with = "Some(Visibility::Open)")]
    pub visibility: Option<Visibility>,
    /// When the impact began.
    pub impact_started_at: Option<DateTime<Utc>>,
    /// Repeating a key returns the same incident instead of making a second one.
    pub idempotency_key: Option<String>,
}

/// A report that turned out not to be an incident.
#[derive(InputObject)]
pub struct DeclineIncidentInput {
    /// The reported incident.
    pub incident_id: ID,
    /// Why it isn't one.
    pub reason: String,
}

/// Changes to what is known; omitted fields keep their value, and null or an empty text removes what may be missing.
#[derive(InputObject)]
pub struct UpdateIncidentInput {
    /// The incident.
    pub incident_id: ID,
    /// Short and understandable.
    pub name: Option<String>,
    /// What clients call the problem, in subjects and drafts for them.
    pub client_name: MaybeUndefined<String>,
    /// What is known. Markdown.
    pub summary: MaybeUndefined<String>,
    /// Who may know about it.
    pub visibility: Option<Visibility>,
    /// All flags: replaces the present ones.
    pub flags: Option<Vec<IncidentFlag>>,
    /// All sites: replaces the present ones.
    pub site_ids: Option<Vec<ID>>,
    /// How much was affected; null if that is not known after all.
    pub impact: MaybeUndefined<ImpactInput>,
    /// When the impact began; null if that is not known after all.
    pub impact_started_at: MaybeUndefined<DateTime<Utc>>,
    /// When the impact ended; null if it has not.
    pub impact_ended_at: MaybeUndefined<DateTime<Utc>>,
    /// The version you have seen: CONFLICT if somebody else has since changed one of the fields that are given here.
    pub expected_version: Option<i32>,
}

/// How much was affected: replaces what was recorded.
#[derive(InputObject)]
pub struct ImpactInput {
    /// Failed requests.
    pub requests: Option<i32>,
    /// Affected visits.
    pub visits: Option<i32>,
    /// Affected users.
    pub users: Option<i32>,
    /// A description.
    pub description: Option<String>,
}

/// A new severity.
#[derive(InputObject)]
pub struct ChangeSeverityInput {
    /// The incident.
    pub incident_id: ID,
    /// How bad it is.
    pub severity: Severity,
    /// Why you think so.
    pub reason: String,
    /// The version you have seen: CONFLICT if somebody else has since changed the severity.
    pub expected_version: Option<i32>,
}

/// A new live status.
#[derive(InputObject)]
pub struct ChangeStatusInput {
    /// The incident.
    pub incident_id: ID,
    /// INVESTIGATING, FIXING or MONITORING.
    pub status: IncidentStatus,
    /// Why it changes.
    pub note: Option<String>,
    /// The version you have seen: CONFLICT if somebody else has since changed the status.
    pub expected_version: Option<i32>,
}

/// A role to give.
#[derive(InputObject)]
pub struct AssignRoleInput {
    /// The incident.
    pub incident_id: ID,
    /// The role.
    pub role: Role,
    /// The person.
    pub person_id: ID,
    /// What the new holder should know.
    pub handover_note: Option<String>,
}

/// A role to end without a successor.
#[derive(InputObject)]
pub struct EndRoleInput {
    /// The role assignment to end.
    pub role_assignment_id: ID,
    /// Why it ends.
    pub note: Option<String>,
}

/// A person who may know about an incident while it is restricted.
#[derive(InputObject)]
pub struct ShareIncidentInput {
    /// The incident.
    pub incident_id: ID,
    /// The person.
    pub person_id: ID,
    /// False to revoke it.
    #[graphql(default = true)]
    pub shared: bool,
}

/// A goal to confirm.
#[derive(InputObject)]
pub struct ConfirmGoalInput {
    /// The incident.
    pub incident_id: ID,
    /// The goal's key.
    pub goal: String,
    /// How we know.
    pub evidence: String,
    /// False to revoke it.
    #[graphql(default_with = "Some(true)")]
    pub met: Option<bool>,
    /// Checklist items that are now done, by key.
    pub checklist_done: Option<Vec<String>>,
}

/// A client that is affected, or no longer is.
#[derive(InputObject)]
pub struct MarkClientAffectedInput {
    /// The incident.
    pub incident_id: ID,
    /// The client.
    pub client_id: ID,
    /// False if it no longer is.
    #[graphql(default = true)]
    pub affected: bool,
    /// How it is affected.
    pub note: Option<String>,
}

/// Something to do.
#[derive(InputObject)]
pub struct AddActionInput {
    /// The incident.
    pub incident_id: ID,
    /// What to do, in one line.
    pub title: String,
    /// Who does it.
    pub assignee_id: Option<ID>,
}

/// How an action ended.
#[derive(InputObject)]
pub struct SettleActionInput {
    /// The action.
    pub action_id: ID,
    /// DONE, DROPPED, or OPEN again.
    pub state: ActionState,
}

/// An incident to resolve: service is back.
#[derive(InputObject)]
pub struct ResolveIncidentInput {
    /// The incident.
    pub incident_id: ID,
    /// What it was and what fixed it.
    pub summary: String,
    /// The version you have seen: CONFLICT if somebody else has since changed the status.
    pub expected_version: Option<i32>,
}

/// An incident to reopen: it was not over.
#[derive(InputObject)]
pub struct ReopenIncidentInput {
    /// The incident.
    pub incident_id: ID,
    /// Why.
    pub reason: String,
    /// The version you have seen: CONFLICT if somebody else has since changed the status.
    pub expected_version: Option<i32>,
}

/// An incident to close: all follow-up work is done.
#[derive(InputObject)]
pub struct CloseIncidentInput {
    /// The incident.
    pub incident_id: ID,
    /// A closing remark; required while a report or a review is owed, to say why it is closed without.
    pub note: Option<String>,
    /// The version you have seen: CONFLICT if somebody else has since changed the status.
    pub expected_version: Option<i32>,
}

/// An incident for the incidents' folder.
#[derive(InputObject)]
pub struct FileIncidentInput {
    /// The incident.
    pub incident_id: ID,
    /// Whether it is put there though it is restricted: whoever reads the folder reads it.
    pub though_restricted: Option<bool>,
}

/// Two incidents that turned out to be one.
#[derive(InputObject)]
pub struct MergeIncidentInput {
    /// The incident that ends.
    pub incident_id: ID,
    /// The incident that continues.
    pub into_incident_id: ID,
}
