//! What an incident looks like from outside.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::incident;
use domain::timeline::stretch::Stretch;
use futures_util::future::try_join_all;

use super::action::Action;
use super::affected::AffectedClient;
use super::alert::Alert;
use super::goal::GoalState;
use super::role::RoleAssignment;
use super::row::{Incident, incident_if_visible, sites_of};
use crate::graphql::catalogue::Site;
use crate::graphql::clients::IncidentClients;
use crate::graphql::connection::page_args;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::cost::page_cost;
use crate::graphql::delivery::IncidentDeliveries;
use crate::graphql::error::ApiResult;
use crate::graphql::follow_up::IncidentFollowUps;
use crate::graphql::handover::IncidentHandover;
use crate::graphql::known::IncidentKnownEvents;
use crate::graphql::pages::IncidentPages;
use crate::graphql::people::{Person, person};
use crate::graphql::report::IncidentReport;
use crate::graphql::review::IncidentReview;
use crate::graphql::rooms::IncidentChat;
use crate::graphql::scalars::{ActionState, IncidentFlag, IncidentStatus, Severity, Visibility};
use crate::graphql::steps::IncidentSteps;
use crate::graphql::tickets::IncidentTickets;
use crate::graphql::timeline::{Attachment, TimelineConnection, TimelineEvent, TimelineFilter};
use crate::graphql::triage::Triage;

#[Object(use_type_description)]
impl Incident {
    /// Begins with `inc_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// E.g. INC-42: numbered without gaps; the name people say aloud.
    async fn reference(&self) -> String {
        incident::reference(&self.0)
    }
    /// If it was taken in from an archive and its reference was taken here: what it was called before, e.g. INC-7.
    async fn former_reference(&self, gql: &Context<'_>) -> ApiResult<Option<String>> {
        let rows = loaders(gql).import.get(self.read_as()).await?.unwrap_or_default();
        Ok(rows.first().and_then(|import| import.formerly.clone()))
    }
    /// Short and understandable.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What clients call the problem: `name` is internal, and may name machines or other clients.
    async fn client_name(&self) -> Option<&str> {
        self.0.client_name.as_deref()
    }
    /// What is known. Markdown.
    async fn summary(&self) -> Option<&str> {
        self.0.summary.as_deref()
    }
    /// How bad it is.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }
    /// Its status.
    async fn status(&self) -> IncidentStatus {
        self.0.status.into()
    }
    /// Who may know about it.
    async fn visibility(&self) -> Visibility {
        self.0.visibility.into()
    }
    /// What is special about it.
    async fn flags(&self) -> Vec<IncidentFlag> {
        self.0.flags.iter().map(IncidentFlag::from).collect()
    }
    /// When it was reported.
    async fn reported_at(&self) -> DateTime<Utc> {
        self.0.reported_at
    }
    /// When it was declared an incident.
    async fn declared_at(&self) -> Option<DateTime<Utc>> {
        self.0.declared_at
    }
    /// When the impact began, as far as known.
    async fn impact_started_at(&self) -> Option<DateTime<Utc>> {
        self.0.impact_started_at
    }
    /// When the impact ended, as far as known.
    async fn impact_ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.impact_ended_at
    }
    /// When service was back.
    async fn resolved_at(&self) -> Option<DateTime<Utc>> {
        self.0.resolved_at
    }
    /// When all follow-up work was done.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }
    /// Who reported it; null for alerts.
    async fn reporter(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.reporter_id).await
    }
    /// The current incident lead.
    async fn lead(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.lead_id).await
    }
    /// Who currently keeps affected clients informed.
    async fn client_comms_manager(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.comms_manager_id).await
    }
    /// Who has which role, in the order in which roles were given.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn roles(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Include roles that have ended.", default_with = "Some(false)")] include_ended: Option<bool>,
    ) -> ApiResult<Vec<RoleAssignment>> {
        let rows = loaders(gql).roles.get(self.read_as()).await?.unwrap_or_default();
        Ok(rows.iter().filter(|row| include_ended == Some(true) || row.ended_at.is_none()).cloned().map(RoleAssignment).collect())
    }
    /// What the response must achieve, in the playbook's order.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn goals(&self, gql: &Context<'_>) -> ApiResult<Vec<GoalState>> {
        let goals = loaders(gql).goals.get(self.read_as()).await?.unwrap_or_default();
        let checklist = loaders(gql).checklist.get(self.read_as()).await?.unwrap_or_default();
        let state = |wanted: &domain::playbook::Goal| GoalState {
            wanted: wanted.clone(),
            row: goals.iter().find(|row| row.goal == wanted.key && row.met_at.is_some()).cloned(),
            breach: domain::playbook::steps::is_breach(self.0.flags),
            done: checklist.iter().filter(|row| row.goal == wanted.key).cloned().collect(),
        };
        Ok(ctx(gql).playbook().goals.iter().map(state).collect())
    }
    /// How much was affected, as far as is known.
    async fn impact(&self) -> Impact {
        Impact {
            requests: self.0.impact_requests,
            visits: self.0.impact_visits,
            users: self.0.impact_users,
            description: self.0.impact_description.clone(),
        }
    }
    /// The sites it is about, by name.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn sites(&self, gql: &Context<'_>) -> ApiResult<Vec<Site>> {
        Ok(sites_of(gql, self).await?.into_iter().map(Site).collect())
    }
    /// Who sees it while it is restricted, by name: whoever has worked on it, and those with whom it was shared. Administrators and people with
    /// the grant `SEE_RESTRICTED` see it as well.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn participants(&self, gql: &Context<'_>) -> ApiResult<Vec<Person>> {
        let rows = loaders(gql).access.get(self.read_as()).await?.unwrap_or_default();
        let people = try_join_all(rows.iter().map(|row| loaders(gql).person.get(row.person_id))).await?;
        let mut people: Vec<_> = people.into_iter().flatten().collect();
        people.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        Ok(people.into_iter().map(Person).collect())
    }
    /// Help with deciding whether it is an incident: the answers so far and what they suggest.
    async fn triage(&self, gql: &Context<'_>) -> ApiResult<Triage> {
        Triage::load(gql, self).await
    }
    /// The clients it affects, longest affected first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn affected_clients(&self, gql: &Context<'_>) -> ApiResult<Vec<AffectedClient>> {
        let rows = loaders(gql).affected.get(self.read_as()).await?.unwrap_or_default();
        let clients = try_join_all(rows.iter().map(|row| loaders(gql).client.get(row.client_id))).await?;
        let affected = rows.iter().cloned().zip(clients);
        Ok(affected.filter_map(|(row, client)| Some(AffectedClient { incident: self.clone(), row, client: client? })).collect())
    }
    /// Its events, in order.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn timeline(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which events.")] filter: Option<TimelineFilter>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only events after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only events before this cursor.")] before: Option<String>,
    ) -> ApiResult<TimelineConnection> {
        let filter = filter.unwrap_or_default().read()?;
        TimelineConnection::load(gql, &self.0, filter, &page_args(first, after, last, before)).await
    }
    /// The latest summary for people who do not follow the timeline.
    async fn latest_update(&self, gql: &Context<'_>) -> ApiResult<Option<TimelineEvent>> {
        let Some(sequence) = self.0.latest_update_sequence else { return Ok(None) };
        let rows = loaders(gql).stretch.get(Stretch::of(&self.0, sequence - 1, sequence)).await?.unwrap_or_default();
        Ok(rows.first().cloned().map(TimelineEvent::from))
    }
    /// What has to be done while it lasts, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn actions(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those in this state.")] state: Option<ActionState>,
    ) -> ApiResult<Vec<Action>> {
        let rows = loaders(gql).actions.get(self.read_as()).await?.unwrap_or_default();
        Ok(rows.iter().filter(|row| state.is_none_or(|state| entity::ActionState::from(state) == row.state)).cloned().map(Action).collect())
    }
    /// Its files, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn attachments(&self, gql: &Context<'_>) -> ApiResult<Vec<Attachment>> {
        let rows = loaders(gql).incident_files.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Attachment).collect())
    }
    /// The monitoring alerts about it, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn alerts(&self, gql: &Context<'_>) -> ApiResult<Vec<Alert>> {
        let rows = loaders(gql).alerts.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Alert).collect())
    }
    /// The incident it was merged into; also null if you may not see that one.
    async fn merged_into(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.merged_into_id).await
    }
    #[graphql(flatten)]
    async fn steps(&self) -> IncidentSteps {
        IncidentSteps(self.clone())
    }
    #[graphql(flatten)]
    async fn pages(&self) -> IncidentPages {
        IncidentPages(self.clone())
    }
    #[graphql(flatten)]
    async fn handover(&self) -> IncidentHandover {
        IncidentHandover(self.0.clone())
    }
    #[graphql(flatten)]
    async fn follow_ups(&self) -> IncidentFollowUps {
        IncidentFollowUps(self.clone())
    }
    #[graphql(flatten)]
    async fn report(&self) -> IncidentReport {
        IncidentReport(self.clone())
    }
    #[graphql(flatten)]
    async fn review(&self) -> IncidentReview {
        IncidentReview(self.clone())
    }
    #[graphql(flatten)]
    async fn clients(&self) -> IncidentClients {
        IncidentClients(self.clone())
    }
    #[graphql(flatten)]
    async fn deliveries(&self) -> IncidentDeliveries {
        IncidentDeliveries(self.0.clone())
    }
    #[graphql(flatten)]
    async fn chat(&self) -> IncidentChat {
        IncidentChat(self.0.clone())
    }
    #[graphql(flatten)]
    async fn tickets(&self) -> IncidentTickets {
        IncidentTickets(self.clone())
    }
    #[graphql(flatten)]
    async fn known_events(&self) -> IncidentKnownEvents {
        IncidentKnownEvents(self.0.clone())
    }
    /// Grows with every change; pass it as `expectedVersion` to get a conflict instead of overwriting what others changed since.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// How much was affected, as far as is known.
#[derive(SimpleObject)]
pub struct Impact {
    /// Failed requests.
    requests: Option<i32>,
    /// Affected visits.
    visits: Option<i32>,
    /// Affected users.
    users: Option<i32>,
    /// A description.
    description: Option<String>,
}
