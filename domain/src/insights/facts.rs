//! What figures are made of, read in few statements. Every one of them starts from what the caller may see.
//!
//! The incidents of a period are those declared in it. Merged ones are left out, because what they were merged into counts for them; so are
//! declined ones, which were none.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::NaiveDate;
use entity::{
    ActionState, ClientId, IncidentId, IncidentStatus, PageLoss, PageReason, PersonId, Severity, SiteId, Timestamp, Visibility, client,
    follow_up, incident, incident_client, incident_site, page, site,
};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait, Select,
    TryGetable,
};
use serde::{Deserialize, Deserializer, de};

use super::period::Period;
use super::tally::{Fact, InTime};
use crate::authz::visible;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::IncidentFilter;
use crate::sql;

/// Which incidents of a period. Empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one of these severities.
    pub severity: Option<Vec<Severity>>,
    /// About this site.
    pub site_id: Option<SiteId>,
    /// Affecting this client.
    pub client_id: Option<ClientId>,
}

/// The incidents of a group, by number.
#[derive(Clone, Debug)]
pub struct Grouped<Id> {
    /// The group: a site or a client.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The numbers of its incidents.
    pub numbers: Vec<i32>,
}

/// A page, as far as it is counted.
#[derive(Clone, Debug, Deserialize, FromQueryResult)]
pub struct Paged {
    pub person_id: PersonId,
    pub reason: PageReason,
    pub step_key: Option<String>,
    pub paged_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub lost: Option<PageLoss>,
}

/// A follow-up, as far as it is counted.
#[derive(Clone, Debug, Deserialize, FromQueryResult)]
pub struct FollowedUp {
    pub number: i32,
    pub title: String,
    pub board: String,
    pub due_on: Option<NaiveDate>,
    pub state: ActionState,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

#[derive(Deserialize, FromQueryResult)]
struct Row {
    number: i32,
    #[serde(deserialize_with = "of_rank")]
    severity: Severity,
    reported_at: Timestamp,
    declared_at: Option<Timestamp>,
    led_at: Option<Timestamp>,
    second_line_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    updates: i32,
    summaries_in_time: Option<i32>,
    summaries_late: Option<i32>,
    client_updates: i32,
    client_updates_in_time: Option<i32>,
    client_updates_late: Option<i32>,
}

/// A severity as it is stored.
fn of_rank<'de, D: Deserializer<'de>>(rank: D) -> Result<Severity, D::Error> {
    Severity::try_from_value(&i16::deserialize(rank)?).map_err(de::Error::custom)
}

impl Row {
    fn fact(self) -> Option<Fact> {
        Some(Fact {
            number: self.number,
            severity: self.severity,
            reported_at: self.reported_at,
            declared_at: self.declared_at?,
            led_at: self.led_at,
            second_line_at: self.second_line_at,
            resolved_at: self.resolved_at,
            summaries: in_time(self.summaries_in_time, self.summaries_late, self.updates),
            client_updates: in_time(self.client_updates_in_time, self.client_updates_late, self.client_updates),
        })
    }
}

/// What was counted; if nobody did, all there were are unknown.
fn in_time(in_time: Option<i32>, late: Option<i32>, all: i32) -> InTime {
    match (in_time, late) {
        (Some(in_time), Some(late)) => InTime { in_time: in_time.into(), late: late.into(), unknown: 0 },
        _ => InTime { unknown: all.into(), ..InTime::default() },
    }
}

/// All incidents that the caller may see and that pass `filter`.
pub(super) fn passing(ctx: &Ctx, filter: &Filter) -> Result<Select<incident::Entity>> {
    let Filter { severity, site_id, client_id } = filter.clone();
    let filter = IncidentFilter { severity, site_id, client_id, ..IncidentFilter::default() };
    Ok(visible(&ctx.actor).filter(filter.condition(ctx.db.backend())?))
}

/// The incidents of `period`.
fn of_period(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Select<incident::Entity>> {
    let declared = incident::Column::DeclaredAt.gte(period.start()).and(incident::Column::DeclaredAt.lt(period.end()));
    Ok(passing(ctx, filter)?.filter(declared).filter(incident::Column::Status.is_not_in(LEFT_OUT)))
}

/// What is left out of the figures.
const LEFT_OUT: [IncidentStatus; 2] = [IncidentStatus::Declined, IncidentStatus::Merged];

/// What is known of each incident, in no order.
pub(super) async fn facts(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<Fact>> {
    use incident::Column as C;
    let columns = [
        C::Number,
        C::Severity,
        C::ReportedAt,
        C::DeclaredAt,
        C::LedAt,
        C::SecondLineAt,
        C::ResolvedAt,
        C::Updates,
        C::SummariesInTime,
        C::SummariesLate,
        C::ClientUpdates,
        C::ClientUpdatesInTime,
        C::ClientUpdatesLate,
    ];
    let query = of_period(ctx, period, filter)?.select_only().into_query();
    let rows: Vec<Row> = sql::packed(ctx, query, columns.map(column)).await?;
    Ok(rows.into_iter().filter_map(Row::fact).collect())
}

fn column(column: impl ColumnTrait) -> Expr {
    Expr::col(column.as_column_ref())
}

/// How many reports of the period were declined, and how many incidents merged.
pub(super) async fn left_out(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<(IncidentStatus, i64)>> {
    use incident::Column as C;
    let reported = C::ReportedAt.gte(period.start()).and(C::ReportedAt.lt(period.end()));
    let select = passing(ctx, filter)?.filter(reported).filter(C::Status.is_in(LEFT_OUT)).select_only();
    Ok(select.column(C::Status).column_as(C::Id.count(), "count").group_by(C::Status).into_tuple().all(ctx.db.read()).await?)
}

/// The incidents of each site, and of each client.
pub(super) async fn groups(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<(Vec<Grouped<SiteId>>, Vec<Grouped<ClientId>>)> {
    Ok((by_site(ctx, period, filter).await?, by_client(ctx, period, filter).await?))
}

/// The incidents of each site.
async fn by_site(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<Grouped<SiteId>>> {
    use incident_site::{Column, Entity};
    let found = grouped(ctx, of_period(ctx, period, filter)?, Entity, [Column::IncidentId, Column::SiteId]).await?;
    let names = site::Entity::find().select_only().columns([site::Column::Id, site::Column::Name]);
    Ok(named(found, names.into_tuple().all(ctx.db.read()).await?))
}

/// The incidents of each client.
async fn by_client(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<Grouped<ClientId>>> {
    use incident_client::{Column, Entity};
    let found = grouped(ctx, of_period(ctx, period, filter)?, Entity, [Column::IncidentId, Column::ClientId]).await?;
    let names = client::Entity::find().select_only().columns([client::Column::Id, client::Column::Name]);
    Ok(named(found, names.into_tuple().all(ctx.db.read()).await?))
}

fn named<Id: Eq + Hash>(found: Vec<(Id, Vec<i32>)>, names: Vec<(Id, String)>) -> Vec<Grouped<Id>> {
    let mut names: HashMap<Id, String> = names.into_iter().collect();
    let group = |(id, numbers)| names.remove(&id).map(|name| Grouped { id, name, numbers });
    found.into_iter().filter_map(group).collect()
}

/// The numbers of the incidents of each group, one row a group.
async fn grouped<Id, L>(
    ctx: &Ctx,
    incidents: Select<incident::Entity>,
    links: L,
    [incident, group]: [L::Column; 2],
) -> Result<Vec<(Id, Vec<i32>)>>
where
    Id: TryGetable,
    L: EntityTrait,
{
    let number = column(incident::Column::Number).cast_as("text");
    let gather = if ctx.db.backend() == DbBackend::Postgres { "string_agg" } else { "group_concat" };
    let mut query = incidents.select_only().into_query();
    query
        .inner_join(links, column(incident).equals(incident::Column::Id.as_column_ref()))
        .column(group.as_column_ref())
        .expr(Func::cust(gather).args([number, Expr::val(",")]))
        .add_group_by([column(group)]);
    let rows = ctx.db.read().query_all(&query).await?;
    let read = |row: &sea_orm::QueryResult| -> Result<(Id, Vec<i32>), DbErr> {
        let numbers: String = row.try_get_by_index(1)?;
        Ok((row.try_get_by_index(0)?, numbers.split(',').filter_map(|number| number.parse().ok()).collect()))
    };
    rows.iter().map(read).collect::<Result<_, DbErr>>().map_err(Error::from)
}

/// The pages of the period, whatever became of the incidents that they were about.
pub(super) async fn pages(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<Paged>> {
    use page::Column as C;
    let mut query = passing(ctx, filter)?.select_only().into_query();
    query.inner_join(page::Entity, column(C::IncidentId).equals(incident::Column::Id.as_column_ref()));
    query.and_where(column(C::PagedAt).gte(period.start()).and(column(C::PagedAt).lt(period.end())));
    let rest = [C::Reason, C::StepKey, C::PagedAt, C::AnsweredAt, C::Lost].map(column);
    sql::packed(ctx, query, [sql::id(ctx, C::PersonId)].into_iter().chain(rest)).await
}

/// The follow-ups of the period's incidents, oldest incident first.
pub(super) async fn follow_ups(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<FollowedUp>> {
    use follow_up::Column as C;
    let mut query = of_period(ctx, period, filter)?.select_only().into_query();
    query.inner_join(follow_up::Entity, column(C::IncidentId).equals(incident::Column::Id.as_column_ref()));
    let of_it = [C::Title, C::Board, C::DueOn, C::State, C::CreatedAt, C::SettledAt].map(column);
    let mut found: Vec<FollowedUp> = sql::packed(ctx, query, [column(incident::Column::Number)].into_iter().chain(of_it)).await?;
    found.sort_by(|one, other| (one.number, one.created_at, &one.title).cmp(&(other.number, other.created_at, &other.title)));
    Ok(found)
}

/// Those incidents of the period that are hidden from most.
pub(super) async fn restricted(ctx: &Ctx, period: &Period, filter: &Filter) -> Result<Vec<IncidentId>> {
    let hidden = of_period(ctx, period, filter)?.filter(incident::Column::Visibility.eq(Visibility::Restricted));
    Ok(hidden.select_only().column(incident::Column::Id).into_tuple().all(ctx.db.read()).await?)
}
