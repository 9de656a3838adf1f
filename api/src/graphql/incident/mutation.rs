//! Changing incidents: each resolver reads its input, calls one use case and wraps the result.

use async_graphql::{Context, Description, Object, SimpleObject};
use domain::{filing, incident};

use super::action::Action;
use super::inputs::{
    AddActionInput, AssignRoleInput, ChangeSeverityInput, ChangeStatusInput, CloseIncidentInput, ConfirmGoalInput, DeclareIncidentInput,
    DeclineIncidentInput, EndRoleInput, FileIncidentInput, ImpactInput, MarkClientAffectedInput, MergeIncidentInput, ReopenIncidentInput,
    ReportIncidentInput, ResolveIncidentInput, SettleActionInput, ShareIncidentInput, UpdateIncidentInput,
};
use super::row::{Incident, IncidentPayload};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{id, ids, optional_id};

/// A changed action and its incident.
#[derive(SimpleObject)]
pub struct ActionPayload {
    /// The action.
    action: Action,
    /// The incident, at its new version.
    incident: Incident,
}

impl From<(entity::action::Model, entity::incident::Model)> for ActionPayload {
    fn from((action, incident): (entity::action::Model, entity::incident::Model)) -> Self {
        Self { action: Action(action), incident: incident.into() }
    }
}

/// Mutations of incidents.
#[derive(Default, Description)]
pub struct IncidentMutation;

#[Object(use_type_description)]
impl IncidentMutation {
    /// Reports that something is wrong. Anyone may. The report lands in triage.
    async fn report_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The report.")] input: ReportIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        let site_ids = ids("siteIds", &input.site_ids.unwrap_or_default())?;
        let report = incident::Raise { name: input.name, description: input.description, site_ids };
        Ok(incident::raise(ctx(gql), report, input.idempotency_key.as_deref()).await?.into())
    }

    /// Declares an incident, new or reported.
    async fn declare_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident.")] input: DeclareIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        let declare = incident::Declare {
            incident_id: optional_id("incidentId", input.incident_id.as_ref())?,
            name: input.name,
            description: input.description,
            severity: input.severity.into(),
            lead_id: optional_id("leadId", input.lead_id.as_ref())?,
            site_ids: ids("siteIds", &input.site_ids.unwrap_or_default())?,
            affected_client_ids: ids("affectedClientIds", &input.affected_client_ids.unwrap_or_default())?,
            flags: input.flags.map(|flags| flags.into_iter().map(Into::into).collect()),
            visibility: input.visibility.map_or(entity::Visibility::Open, Into::into),
            impact_started_at: input.impact_started_at,
        };
        Ok(incident::declare(ctx(gql), declare, input.idempotency_key.as_deref()).await?.into())
    }

    /// Decides that a report is not an incident.
    async fn decline_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The report, and why it isn't one.")] input: DeclineIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(incident::decline(ctx(gql), id("incidentId", &input.incident_id)?, &input.reason).await?.into())
    }

    /// Changes what is known about an incident.
    async fn update_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        let impact = |impact: ImpactInput| incident::Impact {
            requests: impact.requests,
            visits: impact.visits,
            users: impact.users,
            description: impact.description,
        };
        let update = incident::UpdateIncident {
            name: input.name,
            client_name: input.client_name.into(),
            summary: input.summary.into(),
            visibility: input.visibility.map(Into::into),
            flags: input.flags.map(|flags| flags.into_iter().map(Into::into).collect()),
            site_ids: input.site_ids.map(|sites| ids("siteIds", &sites)).transpose()?,
            impact: Option::from(input.impact.map_value(impact)).map(Option::unwrap_or_default),
            impact_started_at: input.impact_started_at.into(),
            impact_ended_at: input.impact_ended_at.into(),
        };
        Ok(incident::update(ctx(gql), id("incidentId", &input.incident_id)?, update, input.expected_version).await?.into())
    }

    /// Raises or lowers the severity.
    async fn change_severity(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The severity, and why.")] input: ChangeSeverityInput,
    ) -> ApiResult<IncidentPayload> {
        let incident = id("incidentId", &input.incident_id)?;
        Ok(incident::change_severity(ctx(gql), incident, input.severity.into(), &input.reason, input.expected_version).await?.into())
    }

    /// Moves to another live status.
    async fn change_status(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The status.")] input: ChangeStatusInput,
    ) -> ApiResult<IncidentPayload> {
        let incident = id("incidentId", &input.incident_id)?;
        Ok(incident::change_status(ctx(gql), incident, input.status.into(), input.note.as_deref(), input.expected_version).await?.into())
    }

    /// Gives a person a role, taking it from its present holder.
    async fn assign_role(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The person, the role and the incident.")] input: AssignRoleInput,
    ) -> ApiResult<IncidentPayload> {
        let assign = incident::AssignRole {
            incident_id: id("incidentId", &input.incident_id)?,
            role: input.role.into(),
            person_id: id("personId", &input.person_id)?,
            handover_note: input.handover_note,
        };
        Ok(incident::assign_role(ctx(gql), assign).await?.into())
    }

    /// Ends a role without a successor.
    async fn end_role(&self, gql: &Context<'_>, #[graphql(desc = "Which role.")] input: EndRoleInput) -> ApiResult<IncidentPayload> {
        Ok(incident::end_role(ctx(gql), id("roleAssignmentId", &input.role_assignment_id)?, input.note.as_deref()).await?.into())
    }

    /// Lets a person know about an incident while it is restricted, or revokes that.
    async fn share_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident and the person.")] input: ShareIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(incident::share(ctx(gql), id("incidentId", &input.incident_id)?, id("personId", &input.person_id)?, input.shared).await?.into())
    }

    /// Confirms with evidence that a goal is met, or takes that back.
    async fn confirm_goal(&self, gql: &Context<'_>, #[graphql(desc = "The goal.")] input: ConfirmGoalInput) -> ApiResult<IncidentPayload> {
        let confirm = incident::ConfirmGoal {
            incident_id: id("incidentId", &input.incident_id)?,
            goal: input.goal,
            evidence: input.evidence,
            met: input.met.unwrap_or(true),
            checklist_done: input.checklist_done,
        };
        Ok(incident::confirm_goal(ctx(gql), confirm).await?.into())
    }

    /// Marks a client as affected, or as no longer affected.
    async fn mark_client_affected(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which client.")] input: MarkClientAffectedInput,
    ) -> ApiResult<IncidentPayload> {
        let (incident, client) = (id("incidentId", &input.incident_id)?, id("clientId", &input.client_id)?);
        Ok(incident::mark_client_affected(ctx(gql), incident, client, input.affected, input.note.as_deref()).await?.into())
    }

    /// Adds something to do while the incident lasts.
    async fn add_action(&self, gql: &Context<'_>, #[graphql(desc = "What, and who.")] input: AddActionInput) -> ApiResult<ActionPayload> {
        let assignee = optional_id("assigneeId", input.assignee_id.as_ref())?;
        Ok(incident::add_action(ctx(gql), id("incidentId", &input.incident_id)?, &input.title, assignee).await?.into())
    }

    /// Marks an action as done, dropped, or open again.
    async fn settle_action(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The action and its new state.")] input: SettleActionInput,
    ) -> ApiResult<ActionPayload> {
        Ok(incident::settle_action(ctx(gql), id("actionId", &input.action_id)?, input.state.into()).await?.into())
    }

    /// Resolves an incident: service is back. All goals must be met; `extensions.missing` names those that are not.
    async fn resolve_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident, and what it was.")] input: ResolveIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(incident::resolve(ctx(gql), id("incidentId", &input.incident_id)?, &input.summary, input.expected_version).await?.into())
    }

    /// Reopens an incident that was not over, or a report that was an incident after all. History stays.
    async fn reopen_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident, and why.")] input: ReopenIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(incident::reopen(ctx(gql), id("incidentId", &input.incident_id)?, &input.reason, input.expected_version).await?.into())
    }

    /// Closes an incident: all follow-up work is done.
    async fn close_incident(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: CloseIncidentInput) -> ApiResult<IncidentPayload> {
        Ok(incident::close(ctx(gql), id("incidentId", &input.incident_id)?, input.note.as_deref(), input.expected_version).await?.into())
    }

    /// Puts an incident into the incidents' folder now, or brings it up to date there: the report, the timeline, the files. By itself that happens
    /// when the report is final, when a client's version is approved after that, and when the incident is closed.
    async fn file_incident(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: FileIncidentInput) -> ApiResult<IncidentPayload> {
        let though_restricted = input.though_restricted.unwrap_or(false);
        Ok(filing::file(ctx(gql), id("incidentId", &input.incident_id)?, though_restricted).await?.into())
    }

    /// Merges an incident into another that is the same problem and continues for both. Returns the one that ended.
    async fn merge_incident(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident, and the one it is merged into.")] input: MergeIncidentInput,
    ) -> ApiResult<IncidentPayload> {
        let into = id("intoIncidentId", &input.into_incident_id)?;
        Ok(incident::merge(ctx(gql), id("incidentId", &input.incident_id)?, into).await?.into())
    }
}
