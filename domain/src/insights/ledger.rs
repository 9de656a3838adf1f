//! Who was paged when, and until when it kept them busy: the ledger for time off in lieu.
//!
//! People read their own, administrators everybody's. An incident stands in it by its reference alone, so a page about a restricted one
//! stays in the ledger of who was paged for it, whoever may see that incident now.

use std::collections::HashMap;

use chrono::{NaiveDate, Timelike};
use entity::{IncidentId, PageId, PageLoss, PageReason, PersonId, Timestamp, incident, page, timeline_event};
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

use super::kept::Paged;
use super::period::Period;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{Slice, TimeKey, Window};
use crate::error::Result;
use crate::limits;
use crate::playbook::{Playbook, Rule};
use crate::sql::padded;
use crate::zone::Zone;

/// Night, in hours of the team's clocks: from the first up to, but not including, the second.
const NIGHT: (u32, u32) = (23, 6);

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The person answered, or was reached in another way.
    Answered,
    /// Nobody has answered it.
    Unanswered,
    /// The person can't help.
    Declined,
    /// Somebody tried to reach them in another way, without success.
    Unreached,
    /// It could not leave.
    Unsent,
    /// They had left the team, or may no longer respond.
    Left,
}

impl Outcome {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "ANSWERED",
            Self::Unanswered => "UNANSWERED",
            Self::Declined => "DECLINED",
            Self::Unreached => "UNREACHED",
            Self::Unsent => "UNSENT",
            Self::Left => "LEFT",
        }
    }

    fn of(answered_at: Option<Timestamp>, lost: Option<PageLoss>) -> Self {
        match (lost, answered_at) {
            (Some(PageLoss::Declined), _) => Self::Declined,
            (Some(PageLoss::Unreached), _) => Self::Unreached,
            (Some(PageLoss::Unsent), _) => Self::Unsent,
            (Some(PageLoss::Left), _) => Self::Left,
            (None, Some(_)) => Self::Answered,
            (None, None) => Self::Unanswered,
        }
    }
}

/// Whether `page` was answered in the time that `playbook` gives. `None` if it never reached the person, or there is time left.
pub fn in_time(page: &Paged, playbook: &Playbook, now: Timestamp) -> Option<bool> {
    let rule = page.step_key.as_deref().and_then(Rule::of_key);
    let within = match rule {
        Some(Rule::Leadership | Rule::LeadershipFallback) => playbook.leadership_acknowledge_within,
        _ => playbook.page_acknowledge_within,
    };
    let in_time = |at: Timestamp| at - page.paged_at <= within;
    match Outcome::of(page.answered_at, page.lost) {
        Outcome::Answered if page.answered_at.is_some_and(in_time) => Some(true),
        Outcome::Unsent | Outcome::Left => None,
        Outcome::Unanswered if in_time(now) => None,
        Outcome::Answered | Outcome::Unanswered | Outcome::Declined | Outcome::Unreached => Some(false),
    }
}

/// Whether it was night for the team.
pub fn is_at_night(at: Timestamp, zone: &Zone) -> bool {
    let hour = at.with_timezone(zone).hour();
    hour >= NIGHT.0 || hour < NIGHT.1
}

/// A line of the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The page.
    pub page_id: PageId,
    /// Who was paged.
    pub person_id: PersonId,
    /// The number in `INC-42`.
    pub number: i32,
    /// Why.
    pub reason: PageReason,
    /// When.
    pub paged_at: Timestamp,
    /// When they answered, or were reached in another way.
    pub answered_at: Option<Timestamp>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it was answered in time, as [`in_time`] says.
    pub answered_in_time: Option<bool>,
    /// Whether the team was not at work.
    pub is_out_of_hours: bool,
    /// Whether it was night.
    pub is_at_night: bool,
    /// When they last wrote or did something in the incident before it was resolved, if they did.
    pub busy_until: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Row {
    id: PageId,
    incident_id: IncidentId,
    person_id: PersonId,
    number: i32,
    reason: PageReason,
    step_key: Option<String>,
    paged_at: Timestamp,
    answered_at: Option<Timestamp>,
    lost: Option<PageLoss>,
    resolved_at: Option<Timestamp>,
}

/// Whose ledger, and of which days.
#[derive(Clone, Debug)]
pub struct Wanted {
    period: Period,
    person: Option<PersonId>,
}

impl Wanted {
    /// The ledger of `person`, or of everybody.
    ///
    /// # Errors
    /// `FORBIDDEN` unless it is one's own or the caller is an administrator; `BAD_USER_INPUT` for a period that can't be looked at.
    pub fn new(ctx: &Ctx, from: NaiveDate, to: NaiveDate, person: Option<PersonId>) -> Result<Self> {
        ctx.require(Right::Read)?;
        if person.is_none() || person != ctx.actor.person_id() {
            ctx.require(Right::Administer)?;
        }
        Ok(Self { period: Period::new(from, to, ctx.playbook().working_hours.zone.clone())?, person })
    }

    /// The period.
    pub fn period(&self) -> &Period {
        &self.period
    }

    fn select(&self, ctx: &Ctx) -> Select<page::Entity> {
        use page::Column as C;
        // Who came by the link of a page learns of nothing beside its incident.
        let only = ctx.actor.only().map(|incident| C::IncidentId.eq(incident));
        let condition = Condition::all()
            .add(C::PagedAt.gte(self.period.start()))
            .add(C::PagedAt.lt(self.period.end()))
            .add_option(self.person.map(|person| C::PersonId.eq(person)))
            .add_option(only);
        page::Entity::find().filter(condition)
    }
}

/// A page of the ledger, newest first.
pub async fn page(ctx: &Ctx, wanted: &Wanted, window: &Window<TimeKey>) -> Result<Slice<Entry>> {
    let mut select = wanted.select(ctx);
    if let Some(key) = &window.after {
        select = select.filter(place().lt(at(key)));
    }
    if let Some(key) = &window.before {
        select = select.filter(place().gt(at(key)));
    }
    let direction = if window.backwards { Order::Asc } else { Order::Desc };
    let rows = read(ctx, select, &direction, window.rows()).await?;
    Ok(window.slice(entries(ctx, rows).await?))
}

/// All of the ledger, oldest first.
pub async fn all(ctx: &Ctx, wanted: &Wanted) -> Result<Vec<Entry>> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let last = all.last().map(key);
        let select = wanted.select(ctx);
        let select = match &last {
            Some(last) => select.filter(place().gt(at(last))),
            None => select,
        };
        let rows = read(ctx, select, &Order::Asc, limits::LEDGER_ROWS as u64).await?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(entries(ctx, rows).await?);
    }
}

/// The place of `entry` in the ledger.
pub fn key(entry: &Entry) -> TimeKey {
    TimeKey(0, entry.paged_at, entry.page_id.0)
}

fn place() -> Expr {
    Expr::tuple([page::Column::PagedAt, page::Column::Id].map(|column| Expr::col(column.as_column_ref())))
}

fn at(TimeKey(_, time, id): &TimeKey) -> Expr {
    Expr::tuple([Expr::val(*time), Expr::val(*id)])
}

async fn read(ctx: &Ctx, select: Select<page::Entity>, direction: &Order, limit: u64) -> Result<Vec<Row>> {
    use page::Column as C;
    let select = select.order_by(C::PagedAt, direction.clone()).order_by(C::Id, direction.clone()).limit(limit).select_only();
    let mut query =
        select.columns([C::Id, C::IncidentId, C::PersonId, C::Reason, C::StepKey, C::PagedAt, C::AnsweredAt, C::Lost]).into_query();
    query
        .inner_join(incident::Entity, Expr::col(incident::Column::Id.as_column_ref()).equals(C::IncidentId.as_column_ref()))
        .column(incident::Column::Number.as_column_ref())
        .column(incident::Column::ResolvedAt.as_column_ref());
    let rows = sea_orm::ConnectionTrait::query_all(ctx.db.read(), &query).await?;
    Ok(rows.iter().map(|row| Row::from_query_result(row, "")).collect::<Result<_, sea_orm::DbErr>>()?)
}

async fn entries(ctx: &Ctx, rows: Vec<Row>) -> Result<Vec<Entry>> {
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let busy = busy(ctx, &rows).await?;
    let zone = &playbook.working_hours.zone;
    let entry = |row: Row| {
        let Row { id, person_id, number, reason, step_key, paged_at, answered_at, lost, .. } = row;
        let paged = Paged { number, person_id, reason, step_key, paged_at, answered_at, lost };
        Entry {
            page_id: id,
            person_id,
            number,
            reason,
            paged_at,
            answered_at,
            outcome: Outcome::of(answered_at, lost),
            answered_in_time: in_time(&paged, &playbook, now),
            is_out_of_hours: !playbook.working_hours.is_working(paged_at),
            is_at_night: is_at_night(paged_at, zone),
            busy_until: busy.get(&id).copied(),
        }
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// When each page's person last did something in its incident: after they were paged and before it was resolved. What they did after they
/// were paged again counts for that page.
async fn busy(ctx: &Ctx, rows: &[Row]) -> Result<HashMap<PageId, Timestamp>> {
    let (incidents, people): (Vec<IncidentId>, Vec<PersonId>) = rows.iter().map(|row| (row.incident_id, row.person_id)).unzip();
    let (incidents, people) = (padded(&incidents), padded(&people));
    let pages = page::Entity::find()
        .filter(page::Column::IncidentId.is_in(incidents.clone()))
        .filter(page::Column::PersonId.is_in(people.clone()))
        .select_only()
        .columns([page::Column::IncidentId, page::Column::PersonId, page::Column::PagedAt])
        .into_tuple::<(IncidentId, PersonId, Timestamp)>()
        .all(ctx.db.read());
    let deeds = timeline_event::Entity::find()
        .filter(timeline_event::Column::IncidentId.is_in(incidents))
        .filter(timeline_event::Column::ActorId.is_in(people))
        .select_only()
        .columns([timeline_event::Column::IncidentId, timeline_event::Column::ActorId, timeline_event::Column::RecordedAt])
        .into_tuple::<(IncidentId, PersonId, Timestamp)>()
        .all(ctx.db.read());
    let (pages, deeds) = tokio::try_join!(pages, deeds)?;
    let (pages, deeds) = (by_place(pages), by_place(deeds));
    let of_row = |row: &Row| {
        let place = (row.incident_id, row.person_id);
        let again = pages.get(&place)?.iter().filter(|at| **at > row.paged_at).min();
        let resolved = row.resolved_at.filter(|at| *at >= row.paged_at);
        let is_of_page = |at: &&Timestamp| {
            **at >= row.paged_at && resolved.is_none_or(|resolved| **at <= resolved) && again.is_none_or(|again| *at < again)
        };
        Some((row.id, *deeds.get(&place)?.iter().filter(is_of_page).max()?))
    };
    Ok(rows.iter().filter_map(of_row).collect())
}

/// The times of each person in each incident.
fn by_place(rows: Vec<(IncidentId, PersonId, Timestamp)>) -> HashMap<(IncidentId, PersonId), Vec<Timestamp>> {
    let mut by_place = HashMap::<_, Vec<Timestamp>>::new();
    for (incident, person, at) in rows {
        by_place.entry((incident, person)).or_default().push(at);
    }
    by_place
}
