//! What follows from the plan of a review before it is made (R25, R30).

use std::cmp::{max, min};
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use entity::{AccessLevel, Expectation, IncidentId, PersonId, ReviewId, Timestamp, incident, person, review, review_attendee};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::attendance::{Guest, Part, guests, parts};
use super::busy::{Busy, busy};
use super::plan::{Plan, minutes};
use super::query::{attendees_of, ends_at};
use super::rules::{Against, Warning, warnings};
use super::schedule::{attendee, require_something_to_review};
use super::sitting::Sitting;
use super::slots::{HORIZON, Slot, slots};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::playbook::Playbook;
use crate::record::Facts;
use crate::{incident as incidents, people, validate};

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

/// What plans for the review of an incident are held against.
struct Grounds {
    sitting: Sitting,
    parts: BTreeMap<PersonId, Part>,
    team: Vec<person::Model>,
    playbook: Arc<Playbook>,
    now: Timestamp,
}

impl Grounds {
    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let (sitting, team) = tokio::try_join!(Sitting::load(ctx, incident), people::team(ctx))?;
        let parts = parts(&sitting.whole, &sitting.wrote);
        Ok(Self { sitting, parts, team, playbook: ctx.playbook(), now: ctx.now() })
    }

    fn guests(&self, plan: &Plan) -> Vec<Guest<'_>> {
        guests(&self.team, &self.parts, &self.sitting.clients, plan)
    }

    /// What `guests` have to do between `from` and `until` besides this review.
    async fn busy(&self, ctx: &Ctx, guests: &[Guest<'_>], from: Timestamp, until: Timestamp) -> Result<Vec<Busy>> {
        let people: Vec<PersonId> = guests.iter().map(|guest| guest.person.id).collect();
        busy(ctx, &people, self.sitting.whole.incident.id, from, until).await
    }

    fn warnings(&self, plan: &Plan, guests: &[Guest<'_>], busy: &[Busy]) -> Vec<Warning> {
        let Self { sitting, parts, team, playbook, now } = self;
        warnings(&Against { plan, sitting, parts, guests, team, busy, playbook, now: *now })
    }
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
    let grounds = Grounds::load(ctx, incident).await?;
    let hours = &grounds.playbook.working_hours;
    let resolved = grounds.sitting.whole.incident.resolved_at.unwrap_or(grounds.now);
    let from = max(hours.next_opening(hours.plus_on_the_wall(resolved, grounds.playbook.review_after)), grounds.now);
    let duration_minutes = minutes(wishes.duration_minutes.unwrap_or_else(|| suggested_minutes(&grounds)))?;
    let length = Duration::minutes(duration_minutes.into());
    let asked = wishes.starts_at.unwrap_or(from);
    let mut plan = Plan {
        starts_at: asked,
        duration_minutes,
        place: None,
        facilitator: wishes.facilitator,
        note_taker: wishes.note_taker,
        senior_outsider: wishes.senior_outsider,
        also,
    };
    let guests = grounds.guests(&plan);
    let busy = grounds.busy(ctx, &guests, min(from, asked), max(from + HORIZON, asked) + length).await?;
    let slots = slots(hours, from, length, &busy);
    if let (None, Some(first)) = (wishes.starts_at, slots.first()) {
        plan.starts_at = first.starts_at;
    }
    let review = ReviewId(Uuid::nil());
    Ok(Considered {
        starts_at: plan.starts_at,
        duration_minutes,
        attendees: guests.iter().map(|guest| attendee(review, id, guest)).collect(),
        warnings: grounds.warnings(&plan, &guests, &busy),
        candidates: candidates(ctx, &grounds).await?,
        slots,
    })
}

/// The rules that the plan of `review` breaks as things are now; nothing for who can't change it, and of what can't be planned any more.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn warnings_of(ctx: &Ctx, review: &review::Model) -> Result<Vec<Warning>> {
    if !ctx.actor.may(Right::Respond) || review.held_at.is_some() || review.called_off_at.is_some() {
        return Ok(Vec::new());
    }
    let incident = incidents::by_ids(ctx, &[review.incident_id]).await?.pop().ok_or(Error::NotFound("incident"))?;
    if require_something_to_review(&incident).is_err() {
        return Ok(Vec::new());
    }
    let ids = [review.id];
    let (grounds, attendees) = tokio::try_join!(Grounds::load(ctx, incident), attendees_of(ctx, &ids))?;
    let by_hand = attendees.iter().filter(|row| row.expectation == Expectation::May);
    let plan = Plan {
        starts_at: review.starts_at,
        duration_minutes: review.duration_minutes,
        place: review.place.clone(),
        facilitator: Some(review.facilitator_id),
        note_taker: Some(review.note_taker_id),
        senior_outsider: review.senior_outsider_id,
        also: by_hand.map(|row| row.person_id).collect(),
    };
    let guests = grounds.guests(&plan);
    let busy = grounds.busy(ctx, &guests, review.starts_at, ends_at(review)).await?;
    Ok(grounds.warnings(&plan, &guests, &busy))
}

fn suggested_minutes(Grounds { sitting, parts, .. }: &Grounds) -> i32 {
    if parts.len() > MANY_PEOPLE || sitting.whole.incident.last_sequence > MANY_EVENTS { 120 } else { 90 }
}

/// Those of the team who may lead a review and had no part in the response.
async fn candidates(ctx: &Ctx, Grounds { team, parts, .. }: &Grounds) -> Result<Vec<Candidate>> {
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
