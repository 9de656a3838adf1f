//! What buttons do: what a command does, or an answer to what somebody was asked.

use std::collections::HashMap;

use entity::{IncidentId, OfferState, PageId, role_offer};

use super::answers::Turn;
use super::buttons::about;
use super::desk;
use super::keep::archive_now;
use super::stop::Stop;
use crate::authz::Right;
use crate::chat::{NOT_NEEDED, NOT_NOW, OUTCOME, command_for};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state::is_over;
use crate::incident::{self as incidents, link, reference};
use crate::playbook::Rule;
use crate::ports::{Answer, FieldKind, Press};
use crate::telling::answers;

/// Does what a button says.
pub(super) async fn press(turn: &Turn<'_>, press: Press, value: &str) -> Result<(), Stop> {
    let Some(person) = turn.person().await? else { return Ok(()) };
    let me = turn.on_behalf_of(&person);
    turn.finish(Box::pin(outcome(turn, &me, press, value)).await).await
}

async fn outcome(turn: &Turn<'_>, me: &Ctx, press: Press, value: &str) -> Result<Answer> {
    match (press, about(value)) {
        (Press::Accept, _) => answer_page(me, value, answers::Answer::Seen).await,
        (Press::Decline, _) => answer_page(me, value, answers::Answer::Decline).await,
        (Press::DoStep, Some((incident, Some(key)))) => {
            let command = Rule::of_key(key).and_then(command_for).map_or_else(|| format!("step {key}"), str::to_owned);
            run(turn, me, incident, &command).await
        }
        (Press::NotNow, Some((incident, Some(key)))) => step(turn, me, incident, key, NOT_NOW).await,
        (Press::NotNeeded, Some((incident, Some(key)))) => step(turn, me, incident, key, NOT_NEEDED).await,
        (Press::TakeRole, Some((incident, None))) => answer_offer(me, incident, true).await,
        (Press::RefuseRole, Some((incident, None))) => answer_offer(me, incident, false).await,
        (Press::Update, Some((incident, None))) => run(turn, me, incident, "update").await,
        (Press::Steps, Some((incident, None))) => run(turn, me, incident, "next").await,
        (Press::Archive, Some((incident, None))) => archive(me, incident).await,
        (
            Press::DoStep
            | Press::NotNow
            | Press::NotNeeded
            | Press::TakeRole
            | Press::RefuseRole
            | Press::Update
            | Press::Steps
            | Press::Archive,
            _,
        ) => Err(Error::precondition("This button is from an older message: look at the incident in Muster.")),
    }
}

async fn run(turn: &Turn<'_>, me: &Ctx, incident: IncidentId, command: &str) -> Result<Answer> {
    desk::run(me, Some(incident), command, HashMap::new(), &turn.key()).await
}

/// The form of a step, with this outcome chosen.
async fn step(turn: &Turn<'_>, me: &Ctx, incident: IncidentId, key: &str, outcome: &str) -> Result<Answer> {
    let mut answer = run(turn, me, incident, &format!("step {key}")).await?;
    let fields = answer.form.iter_mut().flat_map(|form| &mut form.fields).filter(|field| field.key == OUTCOME);
    for field in fields {
        let FieldKind::Choice(choices) = &field.kind else { continue };
        if let Some(choice) = choices.iter().find(|choice| choice.value.starts_with(outcome)) {
            field.initial = vec![choice.value.clone()];
        }
    }
    Ok(answer)
}

async fn answer_page(me: &Ctx, value: &str, answer: answers::Answer) -> Result<Answer> {
    let page = PageId::parse(value).ok_or(Error::NotFound("page"))?;
    let (_, incident) = answers::answer(me, page, answer, None).await?;
    let said = match answer {
        answers::Answer::Decline => "Thank you: somebody else is paged.",
        _ => "You have it. Nobody else is woken.",
    };
    Ok(Answer::quiet(format!("{said} {}: {}", reference(&incident), link(me, &incident))))
}

async fn answer_offer(me: &Ctx, incident: IncidentId, accepts: bool) -> Result<Answer> {
    let found = incidents::find(me, incident).await?;
    let offers = incidents::offers_of(me, &[found.id]).await?;
    let is_mine = |offer: &&role_offer::Model| Some(offer.person_id) == me.actor.person_id() && offer.state == OfferState::Open;
    let offer = offers.iter().rev().find(is_mine);
    let offer = offer.ok_or_else(|| Error::precondition("Nothing is offered to you there any more."))?;
    let (_, incident) = incidents::answer_offer(me, offer.id, accepts, None).await?;
    let said = if accepts { "It is yours now." } else { "Whoever asked you is told." };
    Ok(Answer::quiet(format!("{said} {}: {}", reference(&incident), link(me, &incident))))
}

async fn archive(me: &Ctx, id: IncidentId) -> Result<Answer> {
    me.require(Right::Respond)?;
    let incident = incidents::find(me, id).await?;
    if !is_over(&incident) {
        return Err(Error::precondition("The incident is not over: close it first."));
    }
    archive_now(me, incident.id).await?;
    Ok(Answer::quiet("The channel is archived in a moment."))
}
