//! What an incident looks like from outside.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
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

/// An unplanned interruption, and everything about it.
#[derive(Clone)]
pub struct Incident(pub Arc<entity::incident::Model>);

impl From<entity::incident::Model> for Incident {
    fn from(row: entity::incident::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// An unplanned interruption or loss of quality, and everything about it.
#[Object]
impl Incident {
    /// Begins with `inc_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// INC-42: counted up without gaps, what people say aloud.
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
    /// Where it stands.
    async fn status(&self) -> IncidentStatus {
        self.0.status.into()
    }
    /// Who may know of it.
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
    /// When it was judged an incident.
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
    /// Who reported it; empty for alerts.
    async fn reporter(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.reporter_id).await
    }
    /// Who leads now.
    async fn lead(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.lead_id).await
    }
    /// Who keeps affected clients told now.
    async fn client_comms_manager(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.comms_manager_id).await
    }
    /// Who has which role, in the order in which they were given.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn roles(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Also the roles that were passed on.", default_with = "Some(false)")] include_ended: Option<bool>,
    ) -> ApiResult<Vec<RoleAssignment>> {
        let rows = loaders(gql).roles.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().filter(|row| include_ended == Some(true) || row.ended_at.is_none()).cloned().map(RoleAssignment).collect())
    }
    /// What the response must reach, in the playbook's order.
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
    /// How much was affected, as far as known.
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
    /// Help with the question whether it is an incident: what was answered so far, and what that comes to.
    async fn triage(&self, gql: &Context<'_>) -> ApiResult<Triage> {
        Triage::load(gql, self.0.id).await
    }
    /// The clients it affects, the longest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn affected_clients(&self, gql: &Context<'_>) -> ApiResult<Vec<AffectedClient>> {
        let rows = loaders(gql).affected.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(|(row, client)| AffectedClient { row, client: Arc::new(client) }).collect())
    }
    /// What happened, in order.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn timeline(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which events.")] filter: Option<TimelineFilter>,
        #[graphql(desc = "How many from the start: 0 to 200, left out 50.")] first: Option<i32>,
        #[graphql(desc = "Only events behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only events ahead of this cursor.")] before: Option<String>,
    ) -> ApiResult<TimelineConnection> {
        let filter = filter.unwrap_or_default().read()?;
        TimelineConnection::load(gql, &self.0, filter, &page_args(first, after, last, before)).await
    }
    /// The newest summary for people who do not follow the timeline.
    async fn latest_update(&self, gql: &Context<'_>) -> ApiResult<Option<TimelineEvent>> {
        let Some(sequence) = self.0.latest_update_sequence else { return Ok(None) };
        let rows = loaders(gql).stretch.get((self.0.id, sequence - 1, sequence)).await?.unwrap_or_default();
        Ok(rows.first().cloned().map(TimelineEvent::from))
    }
    /// What is to be done while it lasts, oldest first.
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
    /// What monitoring told about it, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn alerts(&self, gql: &Context<'_>) -> ApiResult<Vec<Alert>> {
        let rows = loaders(gql).alerts.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Alert).collect())
    }
    /// The incident that it turned out to be; empty also when you may not see that one.
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
    /// Grows with every change; give it back as `expectedVersion` to be told of a conflict instead of overwriting.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// The person `id`.
///
/// # Errors
/// The database's failures.
pub async fn person(gql: &Context<'_>, id: Option<entity::PersonId>) -> ApiResult<Option<Person>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).person.get(id).await?.map(Person))
}

/// The incident `id`, unless the caller may not see it.
///
/// # Errors
/// The database's failures.
pub async fn incident_if_visible(gql: &Context<'_>, id: Option<entity::IncidentId>) -> ApiResult<Option<Incident>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).incident.get(id).await?.map(Incident))
}

/// A page of incidents.
pub struct IncidentConnection {
    filter: incident::IncidentFilter,
    order: incident::IncidentOrder,
    slice: Slice<Incident>,
}

impl IncidentConnection {
    /// The page of the incidents that pass `filter`.
    ///
    /// # Errors
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

/// A page of incidents.
#[Object]
impl IncidentConnection {
    /// The incidents, each with its cursor.
    async fn edges(&self) -> Vec<IncidentEdge> {
        self.slice.items.iter().map(|node| IncidentEdge { cursor: self.place(node), node: node.clone() }).collect()
    }
    /// The incidents alone.
    async fn nodes(&self) -> &[Incident] {
        &self.slice.items
    }
    /// Where the page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(&self.slice, |node| self.place(node))
    }
    /// How many incidents pass the filter, on all pages.
    async fn total_count(&self, gql: &Context<'_>) -> ApiResult<u64> {
        Ok(incident::count(ctx(gql), &self.filter).await?)
    }
}

/// An incident of a page with its place.
#[derive(SimpleObject)]
pub struct IncidentEdge {
    /// The place of the incident in the list.
    cursor: String,
    /// The incident.
    node: Incident,
}

/// A stretch of time in which a person held a role.
#[derive(Clone)]
pub struct RoleAssignment(pub role_assignment::Model);

/// A stretch of time in which a person held a role.
#[Object]
impl RoleAssignment {
    /// Begins with `rol_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What they did.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// Who.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(domain::Error::NotFound("person"))?)
    }
    /// Since when.
    async fn assigned_at(&self) -> DateTime<Utc> {
        self.0.assigned_at
    }
    /// Until when; empty for who holds it now.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }
    /// What the one before wanted them to know.
    async fn handover_note(&self) -> Option<&str> {
        self.0.handover_note.as_deref()
    }
}

/// A goal of the response, and how far it is.
pub struct GoalState {
    wanted: domain::playbook::Goal,
    row: Option<goal::Model>,
    breach: bool,
    done: Vec<entity::checklist_item::Model>,
}

/// A goal of the response. Goals are the playbook's: by default `understand`, `contain`, `restore`, `monitor`.
#[Object]
impl GoalState {
    /// Names the goal.
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
    /// How one knows.
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
pub struct ChecklistItem {
    item: domain::playbook::ChecklistItem,
    row: Option<entity::checklist_item::Model>,
}

/// An item of a goal's checklist.
#[Object]
impl ChecklistItem {
    /// Names the item within its goal.
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

/// How much was affected, as far as known.
#[derive(SimpleObject)]
pub struct Impact {
    /// Failed requests.
    requests: Option<i32>,
    /// Affected visits.
    visits: Option<i32>,
    /// Affected users.
    users: Option<i32>,
    /// In words.
    description: Option<String>,
}

/// A client that an incident affects.
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

/// A client that an incident affects.
#[Object]
impl AffectedClient {
    /// The client.
    async fn client(&self) -> Client {
        Client(self.client.clone())
    }
    /// Since when it is marked affected.
    async fn since(&self) -> DateTime<Utc> {
        self.row.since
    }
    /// How it is affected.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// Who is told there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        contacts_of(gql, self.client.id).await
    }
    /// When they were last told.
    async fn last_updated_at(&self, gql: &Context<'_>) -> ApiResult<Option<DateTime<Utc>>> {
        Ok(self.on_board(gql).await?.and_then(|row| row.told).map(|told| told.at))
    }
    /// When they must be told next: past, when that is late.
    async fn next_update_due_at(&self, gql: &Context<'_>) -> ApiResult<Option<DateTime<Utc>>> {
        Ok(self.on_board(gql).await?.and_then(|row| row.next).map(|next| next.due_at))
    }
}

/// Something to do while the incident lasts.
#[derive(Clone)]
pub struct Action(pub action::Model);

/// Something to do while the incident lasts.
#[Object]
impl Action {
    /// Begins with `act_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Who does it.
    async fn assignee(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.assignee_id).await
    }
    /// Where it stands.
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

/// What a monitoring system told: one alert, from going on to going off.
#[derive(Clone)]
pub struct Alert(pub alert::Model);

/// What a monitoring system told: one alert, from going on to going off.
#[Object]
impl Alert {
    /// Begins with `alt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The system that told it, e.g. `alertmanager`.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// Its identity there.
    async fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }
    /// In words.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Whether it is on.
    async fn firing(&self) -> bool {
        self.0.firing
    }
    /// When it went on.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }
    /// When it went off.
    async fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.0.ends_at
    }
    /// How often it was told.
    async fn count(&self) -> i32 {
        self.0.count
    }
    /// The incident that it reported or joined; empty also when you may not see that one.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.incident_id).await
    }
    /// Its names and values.
    async fn labels(&self) -> serde_json::Value {
        self.0.labels.clone()
    }
}
