//! Who is on call: first line, and second line to help (R1, R18).
//!
//! Called by `api` and the command line for people, and by the code that pages ([`on_duty`]). Shifts are entered by hand ([`set`]) or
//! imported from a calendar ([`import`]); [`plan`] decides which one counts when they overlap. Shifts are never overwritten, so that
//! one can look up later who was meant to be on call. Services, and people who have left the team or may no longer respond, are ignored,
//! as if they had no shifts.

pub mod plan;
mod rota;
mod whose;

use std::sync::Arc;

use chrono::Duration;
use entity::{AccessLevel, AuditAction, OnCallLine, PersonId, PersonKind, ShiftId, Timestamp, person, shift};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, JoinType, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::wake::Wake;
use crate::{limits, people, validate};

pub use plan::Stretch;
use plan::{Planned, covers, holder, stretches};
pub use rota::{Import, Imported, Skipped, import};

/// How far [`now`] looks for the next hand-over.
const LOOK_AHEAD: Duration = Duration::days(60);
/// How far [`upcoming`] looks by default.
const VIEW: Duration = Duration::days(28);
/// Changes to the plan take turns under this key.
const TURN: &str = "on-call";

/// Who is on call now, and what comes next.
#[derive(Clone, Debug)]
pub struct OnCall {
    /// Whether it is in working hours.
    pub working_hours: bool,
    /// Who is paged first.
    pub first_line: Option<Arc<person::Model>>,
    /// Who is paged when first line needs help.
    pub second_line: Option<Arc<person::Model>>,
    /// When either line changes next; `None` if nothing is planned for the next 60 days.
    pub until: Option<Timestamp>,
    /// Who is on call then.
    pub next: Option<HandOver>,
}

/// A moment at which one of the two lines changes.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// When.
    pub at: Timestamp,
    /// Who is on first line from then on.
    pub first_line: Option<Arc<person::Model>>,
    /// Who is on second line from then on.
    pub second_line: Option<Arc<person::Model>>,
}

/// Who to page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDuty {
    /// Who is paged first.
    pub first: Option<person::Model>,
    /// Who is paged when first line needs help.
    pub second: Option<person::Model>,
}

/// Who is on call at `at`, in one statement: for code that pages.
pub async fn on_duty(ctx: &Ctx, at: Timestamp) -> Result<OnDuty> {
    let planned = load(ctx, at, at).await?;
    let person = |line| holder_at(&planned, line, at).map(|planned| person::Model::clone(&planned.person));
    Ok(OnDuty { first: person(OnCallLine::First), second: person(OnCallLine::Second) })
}

/// Who is on call now, until when, and who comes next.
pub async fn now(ctx: &Ctx) -> Result<OnCall> {
    let now = ctx.now();
    let horizon = now + LOOK_AHEAD;
    let planned = load(ctx, now, horizon).await?;
    let [first, second] = [OnCallLine::First, OnCallLine::Second].map(|line| stretches(&planned, line, now, horizon));
    let until = [&first, &second].into_iter().filter_map(|line| plan::next_change(line, now)).min();
    let next = until.map(|at| HandOver { at, first_line: plan::at(&first, at).cloned(), second_line: plan::at(&second, at).cloned() });
    Ok(OnCall {
        working_hours: ctx.playbook().working_hours.is_working(now),
        first_line: plan::at(&first, now).cloned(),
        second_line: plan::at(&second, now).cloned(),
        until,
        next,
    })
}

/// Who is on call from `from` (default: now) to `to` (default: four weeks later), with all overlaps resolved: first line in order, then
/// second line.
///
/// # Errors
/// `BAD_USER_INPUT` if `to` is not after `from`, or is more than 400 days after it.
pub async fn upcoming(ctx: &Ctx, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Vec<Stretch>> {
    let from = from.map_or_else(|| ctx.now(), validate::storable);
    let to = to.map_or(from + VIEW, validate::storable);
    if to <= from {
        return Err(Error::invalid("to", "to must be after from."));
    }
    if to - from > limits::ON_CALL_AHEAD {
        return Err(Error::invalid("to", format!("to may be at most {} days after from.", limits::ON_CALL_AHEAD.num_days())));
    }
    let planned = load(ctx, from, to).await?;
    Ok(OnCallLine::ALL.iter().flat_map(|line| stretches(&planned, *line, from, to)).collect())
}

/// Input of [`set`].
#[derive(Clone, Debug)]
pub struct Set {
    /// Who is paged first; `None` leaves first line as it is.
    pub first_line_id: Option<PersonId>,
    /// Who is paged when first line needs help; `None` leaves second line as it is.
    pub second_line_id: Option<PersonId>,
    /// From when; `None` for now.
    pub starts_at: Option<Timestamp>,
    /// Until when; `None` until somebody else takes over.
    pub until: Option<Timestamp>,
}

/// Puts people on call, on one line or on both (R1, R18).
///
/// # Errors
/// `BAD_USER_INPUT` for nobody, people who can't respond, the same person on both lines, and impossible times; `FORBIDDEN`.
pub async fn set(ctx: &Ctx, input: Set) -> Result<OnCall> {
    ctx.require(Right::Respond)?;
    let now = ctx.now();
    let (starts_at, until) = checked_times(&input, now)?;
    let Set { first_line_id, second_line_id, .. } = input;
    if first_line_id.is_none() && second_line_id.is_none() {
        return Err(Error::invalid("firstLineId", "Nobody is named: give firstLineId, secondLineId or both."));
    }
    for (field, person) in [("firstLineId", first_line_id), ("secondLineId", second_line_id)] {
        if let Some(person) = person {
            people::able_to_respond(ctx, field, person).await?;
        }
    }
    let wanted = [(OnCallLine::First, first_line_id), (OnCallLine::Second, second_line_id)];
    {
        let _turn = ctx.lanes.enter(TURN).await;
        let planned = load(ctx, starts_at, starts_at).await?;
        let present = holder_at(&planned, OnCallLine::First, starts_at).map(|planned| planned.shift.person_id);
        if second_line_id.is_some() && second_line_id == first_line_id.or(present) {
            return Err(Error::invalid("secondLineId", "Second line must not be the same person as first line: name somebody else."));
        }
        let stands = |line, person| {
            let holder = holder_at(&planned, line, starts_at).map(|planned| &planned.shift);
            holder.is_some_and(|shift| shift.person_id == person && shift.ends_at == until && shift.source.is_none())
        };
        let rows: Vec<shift::Model> = wanted
            .into_iter()
            .filter_map(|(line, person)| Some((line, person?)))
            .filter(|(line, person)| !stands(*line, *person))
            .map(|(line, person_id)| shift::Model {
                id: ShiftId(ctx.ids.uuid(now)),
                line,
                person_id,
                starts_at,
                ends_at: until,
                source: None,
                created_at: now,
            })
            .collect();
        write(ctx, rows).await?;
    }
    self::now(ctx).await
}

fn checked_times(input: &Set, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>)> {
    let ahead = |field, at| validate::future(field, at, now, limits::ON_CALL_AHEAD);
    let starts_at = match input.starts_at {
        // The caller's clock is a little behind ours.
        Some(at) if at <= now && at >= now - limits::CLOCK_SKEW => now,
        Some(at) => ahead("startsAt", at)?,
        None => now,
    };
    let until = input.until.map(|at| ahead("until", at)).transpose()?;
    if until.is_some_and(|until| until <= starts_at) {
        return Err(Error::invalid("until", "until must be after startsAt."));
    }
    Ok((starts_at, until))
}

async fn write(ctx: &Ctx, rows: Vec<shift::Model>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    for row in rows.iter().filter(|row| row.ends_at.is_none()) {
        end_older(&tx, row).await?;
    }
    let entries: Vec<Entry> = rows.iter().map(set_shift).collect();
    shift::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model)).exec_without_returning(&tx).await?;
    audit::append(ctx, &tx, entries).await?;
    tx.commit().await?;
    ctx.waker.wake(Wake::OnCall);
    Ok(())
}

fn set_shift(row: &shift::Model) -> Entry {
    let details = json!({ "line": row.line, "startsAt": row.starts_at, "endsAt": row.ends_at });
    Entry::new(AuditAction::OnCallChanged).about(row.person_id).details(details)
}

/// Ends the open-ended shifts that `newer`, also open-ended, would cover for ever. Who is on call stays the same, and the shifts that
/// may still matter stay few.
async fn end_older(tx: &DatabaseTransaction, newer: &shift::Model) -> Result<()> {
    shift::Entity::update_many()
        .col_expr(shift::Column::EndsAt, sea_orm::sea_query::Expr::val(newer.starts_at))
        .filter(shift::Column::EndsAt.is_null())
        .filter(shift::Column::Line.eq(newer.line))
        .filter(shift::Column::StartsAt.lte(newer.starts_at))
        .exec(tx)
        .await?;
    Ok(())
}

/// The shifts that overlap the time from `from` to `to`, of people who can respond, in one statement that uses the index on the end.
pub(crate) async fn load(ctx: &Ctx, from: Timestamp, to: Timestamp) -> Result<Vec<Planned>> {
    use shift::Column::{EndsAt, Id, PersonId, StartsAt};
    let person = shift::Entity::belongs_to(person::Entity).from(PersonId).to(person::Column::Id).into();
    let rows = shift::Entity::find()
        .join(JoinType::InnerJoin, person)
        .select_two_required(person::Entity)
        .filter(EndsAt.is_null().or(EndsAt.gt(from)))
        .filter(StartsAt.lte(to))
        .filter(person::Column::DeactivatedAt.is_null())
        .filter(person::Column::Kind.eq(PersonKind::Human))
        .filter(person::Column::AccessLevel.ne(AccessLevel::Viewer))
        .order_by_asc(StartsAt)
        .order_by_asc(Id)
        .limit(limits::SHIFTS_READ)
        .all(ctx.db.read())
        .await?;
    Ok(rows.into_iter().map(|(shift, person)| Planned { shift, person: Arc::new(person) }).collect())
}

fn holder_at(planned: &[Planned], line: OnCallLine, at: Timestamp) -> Option<&Planned> {
    let covering: Vec<&Planned> = planned.iter().filter(|planned| planned.shift.line == line && covers(&planned.shift, at)).collect();
    holder(&covering)
}
