//! What follows from the plan of a review before it is made (R25, R30).

use std::cmp::{max, min};
use std::collections::BTreeMap;

use chrono::Duration;
use entity::{AccessLevel, Expectation, IncidentId, PersonId, ReviewId, Timestamp, person, review, review_attendee};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::attendance::{Part, guests, parts};
use super::busy::busy;
use super::plan::{Plan, minutes};
use super::query::attendees_of;
use super::rules::{Against, Warning, warnings};
use super::schedule::{attendee, require_something_to_review, team};
use super::sitting::Sitting;
use super::slots::{HORIZON, Slot, slots};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::Facts;
use crate::{incident as incidents, validate};

/// From how many people who must come, or events, a review needs the longer time.
const MANY_PEOPLE: usize = 8;
const MANY_EVENTS: i32 = 100;

/// What somebody who plans a review has decided so far.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// When it begins; left out, at the first time proposed.
    pub starts_at: Option<Timestamp>,
    /// How long it lasts; left out, as long as one about this much should.
    pub duration_minutes: Option<i32>,
    /// Who leads it.
    pub facilitator: Option<PersonId>,
    /// Who takes the notes.
    pub note_taker: Option<PersonId>,
    /// Somebody senior who had no part in the response.
    pub senior_outsider: Option<PersonId>,
    /// Who is invited besides those whom it concerns.
    pub also: Vec<PersonId>,
}

/// What follows from a plan before it is made.
#[derive(Clone, Debug)]
pub struct Considered {
    /// When it would begin.
    pub starts_at: Timestamp,
    /// How long it would last.
    pub duration_minutes: i32,
    /// When it could be.
    pub slots: Vec<Slot>,
    /// Who would be invited, and why.
    pub attendees: Vec<review_attendee::Model>,
    /// The rules that it would break.
    pub warnings: Vec<Warning>,
    /// Who could lead it: who had no part in the response, longest since their last review first.
    pub candidates: Vec<Candidate>,
}

/// Somebody who could lead a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// When they last led one.
    pub last_led_at: Option<Timestamp>,
}

/// What follows from `wishes` for the review of an incident, without planning it.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for what is no incident.
pub async fn consider(ctx: &Ctx, id: IncidentId, wishes: Wishes) -> Result<Considered> {
    ctx.require(Right::Respond)?;
    let also = validate::list("extraAttendeeIds", &wishes.also)?;
    let incident = incidents::by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("incident"))?;
    require_something_to_review(&incident)?;
    let sitting = Sitting::load(ctx, incident).await?;
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let hours = &playbook.working_hours;
    let resolved = sitting.whole.incident.resolved_at.unwrap_or(now);
    let from = max(hours.next_opening(hours.plus_on_the_wall(resolved, playbook.review_after)), now);
    let parts = parts(&sitting.whole, &sitting.wrote);
    let duration_minutes = minutes(wishes.duration_minutes.unwrap_or_else(|| suggested_minutes(&sitting, &parts)))?;
    let length = Duration::minutes(duration_minutes.into());
    let plan = |starts_at| Plan {
        starts_at,
        duration_minutes,
        place: None,
        facilitator: wishes.facilitator,
        note_taker: wishes.note_taker,
        senior_outsider: wishes.senior_outsider,
        also: also.clone(),
    };
    let team = team(ctx).await?;
    let invited = guests(&team, &parts, &plan(from));
    let ids: Vec<PersonId> = invited.iter().map(|guest| guest.person.id).collect();
    let asked = wishes.starts_at.unwrap_or(from);
    let busy = busy(ctx, &ids, id, min(from, asked), max(from + HORIZON, asked) + length).await?;
    let slots = slots(hours, from, length, &busy);
    let starts_at = wishes.starts_at.or(slots.first().map(|slot| slot.starts_at)).unwrap_or(from);
    let plan = plan(starts_at);
    let warnings = warnings(&Against {
        plan: &plan,
        incident: &sitting.whole.incident,
        report: sitting.whole.reports.first(),
        parts: &parts,
        guests: &invited,
        team: &team,
        busy: &busy,
        playbook: &playbook,
        now,
    });
    let review = ReviewId(Uuid::nil());
    let attendees = invited.iter().map(|guest| attendee(review, id, guest)).collect();
    Ok(Considered { starts_at, duration_minutes, slots, attendees, warnings, candidates: candidates(ctx, &team, &parts).await? })
}

/// The rules that the plan of `review` breaks as things are now; nothing for who can't change it.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn warnings_of(ctx: &Ctx, review: &review::Model) -> Result<Vec<Warning>> {
    if !ctx.actor.may(Right::Respond) || review.held_at.is_some() || review.called_off_at.is_some() {
        return Ok(Vec::new());
    }
    let attendees = attendees_of(ctx, &[review.id]).await?;
    let by_hand = attendees.iter().filter(|row| row.expectation == Expectation::May);
    let wishes = Wishes {
        starts_at: Some(review.starts_at),
        duration_minutes: Some(review.duration_minutes),
        facilitator: Some(review.facilitator_id),
        note_taker: Some(review.note_taker_id),
        senior_outsider: review.senior_outsider_id,
        also: by_hand.map(|row| row.person_id).collect(),
    };
    match consider(ctx, review.incident_id, wishes).await {
        Ok(considered) => Ok(considered.warnings),
        // Of a merged incident, nothing can be planned.
        Err(Error::FailedPrecondition { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn suggested_minutes(sitting: &Sitting, parts: &BTreeMap<PersonId, Part>) -> i32 {
    if parts.len() > MANY_PEOPLE || sitting.whole.incident.last_sequence > MANY_EVENTS { 120 } else { 90 }
}

/// Those of `team` who may lead a review and had no part in the response.
async fn candidates(ctx: &Ctx, team: &[person::Model], parts: &BTreeMap<PersonId, Part>) -> Result<Vec<Candidate>> {
    use review::Column;
    let led = review::Entity::find()
        .select_only()
        .column(Column::FacilitatorId)
        .column_as(Column::HeldAt.max(), "last")
        .filter(Column::HeldAt.is_not_null())
        .group_by(Column::FacilitatorId);
    let led: BTreeMap<PersonId, Timestamp> = led.into_tuple::<(PersonId, Timestamp)>().all(ctx.db.read()).await?.into_iter().collect();
    let may_lead = |person: &&person::Model| person.access_level >= AccessLevel::Responder && !parts.contains_key(&person.id);
    let mut found: Vec<(&person::Model, Option<Timestamp>)> =
        team.iter().filter(may_lead).map(|person| (person, led.get(&person.id).copied())).collect();
    found.sort_by(|(a, a_led), (b, b_led)| (a_led, &a.name).cmp(&(b_led, &b.name)));
    Ok(found.into_iter().map(|(person, last_led_at)| Candidate { person: person.id, last_led_at }).collect())
}
