//! What an incident looks like to API clients.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::clients::board;
use domain::cursor::{Slice, TimeKey, Window};
use domain::{Ctx, incident};
use entity::{action, alert, client, goal, incident_client, role_assignment};

use super::clients::IncidentClients;
use super::follow_up::IncidentFollowUps;
use super::handover::IncidentHandover;
use super::pager::IncidentPages;
use super::steps::IncidentSteps;
use super::tickets::IncidentTickets;
use super::triage::Triage;
use crate::graphql::catalogue::{Client, Contact, Site, contacts_of};
use crate::graphql::connection::{PageInfo, cursor, page_args, page_cost};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::IncidentDeliveries;
use crate::graphql::error::ApiResult;
use crate::graphql::people::Person;
use crate::graphql::scalars::{ActionState, IncidentFlag, IncidentStatus, Role, Severity, Visibility};
use crate::graphql::timeline::{Attachment, TimelineConnection, TimelineEvent, TimelineFilter};

/// An unplanned interruption or loss of quality, and everything about it.
#[derive(Clone, Description)]
pub struct Incident(pub Arc<entity::incident::Model>);

impl From<entity::incident::Model> for Incident {
    fn from(row: entity::incident::Model) -> Self {
        Self(Arc::new(row))
    }
}

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
    /// Short and understandable.
    async fn name(&self) -> &str {
        &self.0.name
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
        let rows = loaders(gql).roles.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().filter(|row| include_ended == Some(true) || row.ended_at.is_none()).cloned().map(RoleAssignment).collect())
    }
    /// What the response must achieve, in the playbook's order.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn goals(&self, gql: &Context<'_>) -> ApiResult<Vec<GoalState>> {
        let goals = loaders(gql).goals.get(self.0.id).await?.unwrap_or_default();
        let checklist = loaders(gql).checklist.get(self.0.id).await?.unwrap_or_default();
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
        let rows = loaders(gql).incident_sites.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(|row| Site(Arc::new(row))).collect())
    }
    /// Help with deciding whether it is an incident: the answers so far and what they suggest.
    async fn triage(&self, gql: &Context<'_>) -> ApiResult<Triage> {
        Triage::load(gql, self.0.id).await
    }
    /// The clients it affects, longest affected first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn affected_clients(&self, gql: &Context<'_>) -> ApiResult<Vec<AffectedClient>> {
        let rows = loaders(gql).affected.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(|(row, client)| AffectedClient { row, client: Arc::new(client) }).collect())
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
        let rows = loaders(gql).stretch.get((self.0.id, sequence - 1, sequence)).await?.unwrap_or_default();
        Ok(rows.first().cloned().map(TimelineEvent::from))
    }
    /// What has to be done while it lasts, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn actions(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those in this state.")] state: Option<ActionState>,
    ) -> ApiResult<Vec<Action>> {
        let loader = if state == Some(ActionState::Open) { &loaders(gql).open_actions } else { &loaders(gql).actions };
        let rows = loader.get(self.0.id).await?.unwrap_or_default();
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
        IncidentSteps(self.0.clone())
    }
    #[graphql(flatten)]
    async fn pager(&self) -> IncidentPages {
        IncidentPages(self.0.clone())
    }
    #[graphql(flatten)]
    async fn handover(&self) -> IncidentHandover {
        IncidentHandover(self.0.clone())
    }
    #[graphql(flatten)]
    async fn afterwards(&self) -> IncidentFollowUps {
        IncidentFollowUps(self.0.clone())
    }
    #[graphql(flatten)]
    async fn clients(&self) -> IncidentClients {
        IncidentClients(self.0.clone())
    }
    #[graphql(flatten)]
    async fn outside(&self) -> IncidentDeliveries {
        IncidentDeliveries(self.0.clone())
    }
    #[graphql(flatten)]
    async fn of_clients(&self) -> IncidentTickets {
        IncidentTickets(self.0.clone())
    }
    /// Grows with every change; pass it as `expectedVersion` to get a conflict instead of overwriting others' changes.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

pub async fn person(gql: &Context<'_>, id: Option<entity::PersonId>) -> ApiResult<Option<Person>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).person.get(id).await?.map(Person))
}

/// The incident `id`, unless the caller may not see it.
pub async fn incident_if_visible(gql: &Context<'_>, id: Option<entity::IncidentId>) -> ApiResult<Option<Incident>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).incident.get(id).await?.map(Incident))
}

/// A page of incidents.
#[derive(Description)]
pub struct IncidentConnection {
    filter: incident::IncidentFilter,
    order: incident::IncidentOrder,
    slice: Slice<Incident>,
}

impl IncidentConnection {
    /// The page of incidents that pass `filter`.
    ///
    /// `BAD_USER_INPUT` if the search text is too long.
    /// `BAD_USER_INPUT` for an overlong search text.
    pub async fn load(
        ctx: &Ctx,
        filter: incident::IncidentFilter,
        order: incident::IncidentOrder,
        window: &Window<TimeKey>,
    ) -> ApiResult<Self> {
        let slice = incident::page(ctx, &filter, order, window).await?;
        let items = slice.items.into_iter().map(Incident::from).collect();
        Ok(Self { filter, order, slice: Slice { items, has_previous: slice.has_previous, has_next: slice.has_next } })
    }

    fn place(&self, incident: &Incident) -> String {
        cursor(&incident::key(self.order, &incident.0))
    }
}

#[Object(use_type_description)]
impl IncidentConnection {
    /// The incidents, each with its cursor.
    async fn edges(&self) -> Vec<IncidentEdge> {
        self.slice.items.iter().map(|node| IncidentEdge { cursor: self.place(node), node: node.clone() }).collect()
    }
    /// The incidents alone.
    async fn nodes(&self) -> &[Incident] {
        &self.slice.items
    }
    /// Where the page is in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(&self.slice, |node| self.place(node))
    }
    /// How many incidents pass the filter, on all pages.
    async fn total_count(&self, gql: &Context<'_>) -> ApiResult<u64> {
        Ok(incident::count(ctx(gql), &self.filter).await?)
    }
}

/// An incident of a page with its cursor.
#[derive(SimpleObject)]
pub struct IncidentEdge {
    /// The incident's place in the list.
    cursor: String,
    /// The incident.
    node: Incident,
}

/// A period in which a person held a role.
#[derive(Clone, Description)]
pub struct RoleAssignment(pub role_assignment::Model);

#[Object(use_type_description)]
impl RoleAssignment {
    /// Begins with `rol_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// The person.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(domain::Error::NotFound("person"))?)
    }
    /// When they took the role.
    async fn assigned_at(&self) -> DateTime<Utc> {
        self.0.assigned_at
    }
    /// When they gave it up; null for the current holder.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }
    /// What the previous holder wanted them to know.
    async fn handover_note(&self) -> Option<&str> {
        self.0.handover_note.as_deref()
    }
}

/// A goal of the response. The playbook sets the goals: by default `understand`, `contain`, `restore`, `monitor`.
#[derive(Description)]
pub struct GoalState {
    wanted: domain::playbook::Goal,
    row: Option<goal::Model>,
    breach: bool,
    done: Vec<entity::checklist_item::Model>,
}

#[Object(use_type_description)]
impl GoalState {
    /// Its key.
    async fn goal(&self) -> &str {
        &self.wanted.key
    }
    /// The goal in words.
    async fn title(&self) -> &str {
        &self.wanted.title
    }
    /// When it was confirmed.
    async fn met_at(&self) -> Option<DateTime<Utc>> {
        self.row.as_ref()?.met_at
    }
    /// Who confirmed it.
    async fn met_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.row.as_ref().and_then(|row| row.met_by_id)).await
    }
    /// How we know.
    async fn evidence(&self) -> Option<&str> {
        self.row.as_ref()?.evidence.as_deref()
    }
    /// What must be ticked before it can be confirmed; empty unless there was a breach.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn checklist(&self) -> Vec<ChecklistItem> {
        let items = self.wanted.breach_checklist.iter().filter(|_| self.breach);
        items.map(|item| ChecklistItem { item: item.clone(), row: self.done.iter().find(|row| row.item == item.key).cloned() }).collect()
    }
}

/// An item of a goal's checklist.
#[derive(Description)]
pub struct ChecklistItem {
    item: domain::playbook::ChecklistItem,
    row: Option<entity::checklist_item::Model>,
}

#[Object(use_type_description)]
impl ChecklistItem {
    /// Its key, unique within the goal.
    async fn key(&self) -> &str {
        &self.item.key
    }
    /// The item in words.
    async fn text(&self) -> &str {
        &self.item.text
    }
    /// When it was ticked.
    async fn done_at(&self) -> Option<DateTime<Utc>> {
        Some(self.row.as_ref()?.done_at)
    }
    /// Who ticked it.
    async fn done_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.row.as_ref().and_then(|row| row.done_by_id)).await
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

/// A client that an incident affects.
#[derive(Description)]
pub struct AffectedClient {
    row: incident_client::Model,
    client: Arc<client::Model>,
}

impl AffectedClient {
    async fn on_board(&self, gql: &Context<'_>) -> ApiResult<Option<board::Row>> {
        let rows = loaders(gql).client_board.get(self.row.incident_id).await?.unwrap_or_default();
        Ok(rows.iter().find(|row| row.client.id == self.client.id).cloned())
    }
}

#[Object(use_type_description)]
impl AffectedClient {
    /// The client.
    async fn client(&self) -> Client {
        Client(self.client.clone())
    }
    /// When it was marked affected.
    async fn since(&self) -> DateTime<Utc> {
        self.row.since
    }
    /// How it is affected.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// The people to tell there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        contacts_of(gql, self.client.id).await
    }
    /// When they were last told.
    async fn last_updated_at(&self, gql: &Context<'_>) -> ApiResult<Option<DateTime<Utc>>> {
        Ok(self.on_board(gql).await?.and_then(|row| row.told).map(|told| told.at))
    }
    /// When they must be told next; in the past if that is late.
    async fn next_update_due_at(&self, gql: &Context<'_>) -> ApiResult<Option<DateTime<Utc>>> {
        Ok(self.on_board(gql).await?.and_then(|row| row.next).map(|next| next.due_at))
    }
}

/// Something to do while the incident lasts.
#[derive(Clone, Description)]
pub struct Action(pub action::Model);

#[Object(use_type_description)]
impl Action {
    /// Begins with `act_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What to do.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Who does it.
    async fn assignee(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.assignee_id).await
    }
    /// Its state.
    async fn state(&self) -> ActionState {
        self.0.state.into()
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was done or dropped.
    async fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.0.settled_at
    }
}

/// An alert from a monitoring system, from firing to ending.
#[derive(Clone, Description)]
pub struct Alert(pub alert::Model);

#[Object(use_type_description)]
impl Alert {
    /// Begins with `alt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The system that sent it, e.g. `alertmanager`.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// Its identity there.
    async fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }
    /// What it says.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Whether it is firing.
    async fn firing(&self) -> bool {
        self.0.firing
    }
    /// When it began to fire.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }
    /// When it ended.
    async fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.0.ends_at
    }
    /// How often it was sent.
    async fn count(&self) -> i32 {
        self.0.count
    }
    /// The incident it opened or joined; also null if you may not see that one.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.incident_id).await
    }
    /// Its labels.
    async fn labels(&self) -> serde_json::Value {
        self.0.labels.clone()
    }
}
