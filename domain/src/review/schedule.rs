//! Planning a review (R25, R30): who leads it, who comes, when; and calling it off.

use std::collections::BTreeSet;

use chrono::Duration;
use entity::{
    IncidentField, IncidentId, IncidentStatus, PersonId, ReviewId, Role, TimelineKind, Timestamp, incident, person, review, review_attendee,
};
use sea_orm::{ColumnTrait, ExprTrait, IntoActiveModel};
use serde_json::json;

use super::attendance::{Guest, guests, parts};
use super::busy::busy;
use super::invitation::{invite, uninvite};
use super::plan::{Plan, minutes};
use super::query::find;
use super::rules::{Against, Warning, warnings};
use super::sitting::Sitting;
use crate::authz::Right;
use crate::change::{Expected, change};
use crate::ctx::Ctx;
use crate::delivery::order::cancel_invitations;
use crate::error::{Error, Result};
use crate::incident::state::require_open_timeline;
use crate::incident::writes::{admit, give};
use crate::record::{Draft, NewEvent};
use crate::webhooks::event_type::EventType;
use crate::{limits, people, validate};

pub(super) fn require_something_to_review(incident: &incident::Model) -> Result<()> {
    require_open_timeline(incident)?;
    if incident.declared_at.is_none() || incident.status == IncidentStatus::Declined {
        return Err(Error::precondition("It is not an incident: there is nothing to review. Declare it first if it is one."));
    }
    Ok(())
}

pub(super) fn attendee(review: ReviewId, incident: IncidentId, guest: &Guest<'_>) -> review_attendee::Model {
    review_attendee::Model {
        review_id: review,
        person_id: guest.person.id,
        incident_id: incident,
        expectation: guest.expectation,
        reason: guest.reason.clone(),
        answer: None,
        answered_at: None,
    }
}

/// Plans the review of an incident, or changes its plan: invitations go out, with a calendar's event that moves. A plan that breaks rules
/// needs `override_reason`, which the timeline keeps.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` if somebody else has planned it otherwise since `expected_version`;
/// `FAILED_PRECONDITION` for what is no incident, once it was held, or listing the rules that the plan breaks.
pub async fn schedule(
    ctx: &Ctx,
    id: IncidentId,
    plan: Plan,
    override_reason: Option<&str>,
    expected_version: Option<i32>,
) -> Result<review::Model> {
    ctx.require(Right::Respond)?;
    let (facilitator, note_taker) = match (plan.facilitator, plan.note_taker) {
        (Some(facilitator), Some(note_taker)) => (facilitator, note_taker),
        (None, _) => return Err(Error::invalid("facilitatorId", "Say who leads the review.")),
        (_, None) => return Err(Error::invalid("noteTakerId", "Say who takes the notes.")),
    };
    let facilitator = people::able_to_respond(ctx, "facilitatorId", facilitator).await?;
    let note_taker = people::able_to_respond(ctx, "noteTakerId", note_taker).await?;
    if let Some(senior) = plan.senior_outsider {
        people::able_to_read(ctx, "seniorOutsiderId", senior).await?;
    }
    let also = validate::list("extraAttendeeIds", &plan.also)?;
    for person in &also {
        people::able_to_read(ctx, "extraAttendeeIds", *person).await?;
    }
    let duration_minutes = minutes(plan.duration_minutes)?;
    let starts_at = within_reach(plan.starts_at, ctx.now())?;
    let place = validate::optional_text("place", plan.place.as_deref())?;
    let override_reason = validate::optional_text("overrideReason", override_reason)?;
    let plan = Plan { starts_at, duration_minutes, place, also, ..plan };
    let team = people::team(ctx).await?;
    let everybody: Vec<PersonId> = team.iter().map(|person| person.id).collect();
    let busy = busy(ctx, &everybody, id, starts_at, starts_at + Duration::minutes(duration_minutes.into())).await?;
    let expected = Expected::of(expected_version, &[IncidentField::ReviewPlan]);
    let changed = change::<Sitting, _>(ctx, id, Right::Respond, expected, |sitting, draft| {
        require_something_to_review(&sitting.whole.incident)?;
        let before = sitting.whole.reviews.first();
        if before.is_some_and(|row| row.held_at.is_some()) {
            return Err(Error::precondition("The review was held: there is nothing to plan any more."));
        }
        let parts = parts(&sitting.whole, &sitting.wrote);
        let guests = guests(&team, &parts, &sitting.clients, &plan);
        let broken = warnings(&Against {
            plan: &plan,
            sitting,
            parts: &parts,
            guests: &guests,
            team: &team,
            busy: &busy,
            playbook: &draft.ctx().playbook(),
            now: draft.now,
        });
        if !broken.is_empty() && override_reason.is_none() {
            return Err(to_be_overridden(&broken));
        }
        let row = review::Model {
            id: before.map_or_else(|| ReviewId(draft.id()), |row| row.id),
            incident_id: id,
            starts_at,
            duration_minutes,
            place: plan.place.clone(),
            facilitator_id: facilitator.id,
            note_taker_id: note_taker.id,
            senior_outsider_id: plan.senior_outsider,
            override_reason: override_reason.clone().filter(|_| !broken.is_empty()),
            sequence: before.map_or(0, |row| row.sequence),
            planned_at: draft.now,
            called_off_at: None,
            begun_at: None,
            held_at: None,
            notes: None,
            recording_url: None,
            no_follow_ups: false,
            file_ids: None,
        };
        let invited: BTreeSet<PersonId> = guests.iter().map(|guest| guest.person.id).collect();
        let known: BTreeSet<PersonId> = sitting.attendees.iter().map(|row| row.person_id).collect();
        if let Some(before) = before.filter(|before| says_the_same(before, &row) && invited == known) {
            return Ok(before.clone());
        }
        let row = review::Model { sequence: before.map_or(0, |row| row.sequence + 1), ..row };
        give(draft, Role::ReviewFacilitator, &facilitator, None);
        give(draft, Role::NoteTaker, &note_taker, None);
        draft.put::<review::Entity>(row.clone());
        cancel_invitations(draft);
        let was_at = before.filter(|row| row.called_off_at.is_none()).map(|row| row.starts_at);
        let gone = seat(draft, &row, &guests, &sitting.attendees, was_at);
        if starts_at > draft.now {
            invite(draft, &row, &guests, &facilitator.name);
        }
        uninvite(draft, &row, team.iter().filter(|person| gone.contains(&person.id)));
        draft.record(told(draft, &row, was_at, &facilitator.name, &broken));
        Ok(row)
    });
    Ok(changed.await?.output)
}

/// Writes into the draft who is invited, and returns who no longer is. Answers stand as long as the time does.
fn seat(
    draft: &mut Draft<'_>,
    review: &review::Model,
    guests: &[Guest<'_>],
    before: &[review_attendee::Model],
    was_at: Option<Timestamp>,
) -> Vec<PersonId> {
    use review_attendee::Column;
    for guest in guests {
        admit(draft, guest.person.id);
        let known = before.iter().find(|row| row.person_id == guest.person.id && was_at == Some(review.starts_at));
        let (answer, answered_at) = known.map_or((None, None), |row| (row.answer, row.answered_at));
        draft.upsert(review_attendee::Model { answer, answered_at, ..attendee(review.id, review.incident_id, guest) }.into_active_model());
    }
    let is_gone = |person: &PersonId| !guests.iter().any(|guest| guest.person.id == *person);
    let gone: Vec<PersonId> = before.iter().map(|row| row.person_id).filter(is_gone).collect();
    if !gone.is_empty() {
        draft.delete::<review_attendee::Entity>(Column::ReviewId.eq(review.id).and(Column::PersonId.is_in(gone.iter().copied())));
    }
    gone
}

fn within_reach(starts_at: Timestamp, now: Timestamp) -> Result<Timestamp> {
    if (starts_at - now).abs() > limits::REVIEW_WITHIN {
        return Err(Error::invalid("startsAt", "startsAt must be within a year from now."));
    }
    Ok(validate::to_micros(starts_at))
}

fn to_be_overridden(broken: &[Warning]) -> Error {
    let texts: Vec<&str> = broken.iter().map(|warning| warning.text.as_str()).collect();
    let missing = broken.iter().map(|warning| format!("{:?}", warning.rule)).collect();
    Error::FailedPrecondition { reason: format!("{} To plan it so all the same, say why in overrideReason.", texts.join(" ")), missing }
}

/// Whether invitations would say the same.
fn says_the_same(before: &review::Model, after: &review::Model) -> bool {
    let unchanged = review::Model { planned_at: before.planned_at, begun_at: before.begun_at, ..after.clone() };
    *before == unchanged
}

fn told(draft: &Draft<'_>, row: &review::Model, was_at: Option<Timestamp>, facilitator: &str, broken: &[Warning]) -> NewEvent {
    let at = draft.ctx().playbook().local(row.starts_at);
    let what = match was_at {
        None => format!("Review planned for {at}, led by {facilitator}"),
        Some(was) if was != row.starts_at => format!("Review moved to {at}"),
        Some(_) => format!("Plan of the review changed: {at}, led by {facilitator}"),
    };
    let because = row.override_reason.as_ref().map(|reason| {
        let texts: Vec<&str> = broken.iter().map(|warning| warning.text.as_str()).collect();
        format!(". It stands although: {} The reason: {reason}", texts.join(" "))
    });
    let details = json!({ "startsAt": row.starts_at, "facilitator": row.facilitator_id.to_string(), "sequence": row.sequence });
    let of = if was_at.is_none() { EventType::ReviewPlanned } else { EventType::ReviewMoved };
    NewEvent::new(TimelineKind::Review, what + &because.unwrap_or_default()).details(details).posted_as(of)
}

/// Calls a review off: who was invited hears so, and the step that asks for one is back.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` once it was held.
pub async fn call_off(ctx: &Ctx, id: ReviewId, reason: &str) -> Result<review::Model> {
    ctx.require(Right::Respond)?;
    let reason = validate::text("reason", reason)?;
    let review = find(ctx, id).await?;
    let team = people::team(ctx).await?;
    let changed = change::<Sitting, _>(ctx, review.incident_id, Right::Respond, None, |sitting, draft| {
        let before = sitting.review()?;
        if before.held_at.is_some() {
            return Err(Error::precondition("The review was held: it can't be called off any more."));
        }
        if before.called_off_at.is_some() {
            return Ok(before.clone());
        }
        let row = review::Model { called_off_at: Some(draft.now), sequence: before.sequence + 1, begun_at: None, ..before.clone() };
        draft.put::<review::Entity>(row.clone());
        cancel_invitations(draft);
        let invited = |person: &&person::Model| sitting.attendees.iter().any(|row| row.person_id == person.id);
        if row.starts_at > draft.now {
            uninvite(draft, &row, team.iter().filter(invited));
        }
        let event = NewEvent::new(TimelineKind::Review, format!("Review called off: {reason}"));
        draft.record(event.posted_as(EventType::ReviewCalledOff));
        Ok(row)
    });
    Ok(changed.await?.output)
}
