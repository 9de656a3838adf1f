//! Who does what, and what people were asked.

use entity::{IncidentStatus, OfferState, PersonId, Role, page, role_offer};

use super::answer::{Answer, listed};
use super::asked::{Asked, Names};
use super::forms;
use super::phrases::headline;
use crate::error::{Error, Result};
use crate::incident::{self as incidents, AssignRole, Offer, reference};
use crate::telling::answers;
use crate::{sql, words};

/// Gives somebody a role.
pub(super) async fn give(asked: &Asked<'_>, role: Role, who: &str) -> Result<Answer> {
    let (incident_id, person) = (asked.id()?, asked.person(who).await?);
    let assign = AssignRole { incident_id, role, person_id: person.id, handover_note: None };
    let incident = incidents::assign_role(asked.ctx, assign).await?;
    Ok(Answer::aloud(format!("{} is {} now.", person.name, words::role(role)), incident))
}

/// Who does what. Whether somebody leads is always said.
pub(super) async fn show(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    let rows = incidents::roles_of(asked.ctx, &[incident.id]).await?;
    let held: Vec<_> = rows.into_iter().filter(|row| row.ended_at.is_none()).collect();
    let people: Vec<PersonId> = held.iter().map(|row| row.person_id).collect();
    let names = Names::load(asked.ctx, &people).await?;
    let holders = |role: Role| {
        let mut who: Vec<&str> = held.iter().filter(|row| row.role == role).map(|row| names.of(row.person_id)).collect();
        if who.is_empty() && role == Role::IncidentLead {
            who.push("nobody");
        }
        (!who.is_empty()).then(|| format!("{}: {}", words::sentence(words::role(role)), who.join(", ")))
    };
    let lines: Vec<String> = Role::ALL.iter().copied().filter_map(holders).collect();
    Ok(Answer::quiet(listed(&headline(incident), &lines, "")).about(incident))
}

/// Asks somebody to take over a tiring role: the one named, or the one that the asker holds.
pub(super) async fn hand_over(asked: &Asked<'_>, role: Option<Role>, to: &str, note: Option<String>) -> Result<Answer> {
    let incident = asked.incident()?;
    let me = asked.ctx.actor.person_id();
    let is_comms = incident.comms_manager_id.is_some() && incident.comms_manager_id == me && incident.lead_id != me;
    let role = role.unwrap_or(if is_comms { Role::ClientCommsManager } else { Role::IncidentLead });
    let person = asked.person(to).await?;
    let offer = Offer { incident_id: incident.id, role, person_id: person.id, note };
    let (_, incident) = incidents::offer(asked.ctx, offer).await?;
    let text = format!("{} was asked to take over as {}. Until they accept, nothing changes.", person.name, words::role(role));
    Ok(Answer::aloud(text, incident))
}

/// Takes what the asker was asked.
pub(super) async fn accept(asked: &Asked<'_>) -> Result<Answer> {
    if let Some(offer) = offered(asked).await? {
        let (offer, incident) = incidents::answer_offer(asked.ctx, offer.id, true, None).await?;
        let names = Names::load(asked.ctx, &[offer.person_id]).await?;
        return Ok(Answer::aloud(format!("{} is {} now.", names.of(offer.person_id), words::role(offer.role)), incident));
    }
    let paged = paged(asked).await?;
    if let Some(page) = &paged {
        answers::answer(asked.ctx, page.id, answers::Answer::Seen, None).await?;
    }
    let incident = asked.fresh().await?;
    if incident.status == IncidentStatus::Triage {
        return forms::declare(&Asked { incident: Some(&incident), ..*asked }, "").await;
    }
    match paged {
        Some(_) => Ok(Answer::aloud("The page is answered.", incident)),
        None => Err(nothing_asked()),
    }
}

/// Says that a report is no incident.
pub(super) async fn decline(asked: &Asked<'_>, why: &str) -> Result<Answer> {
    let incident = asked.incident()?;
    if incident.status != IncidentStatus::Triage {
        let reference = reference(incident);
        return Err(Error::precondition(format!("{reference} is no report any more. To refuse a role or a page, write “pass because …”.")));
    }
    let incident = incidents::decline(asked.ctx, incident.id, why).await?;
    Ok(Answer::aloud(format!("{} is declined: {why}", headline(&incident)), incident))
}

/// Refuses a role or a page.
pub(super) async fn pass(asked: &Asked<'_>, why: &str) -> Result<Answer> {
    if let Some(offer) = offered(asked).await? {
        let (_, incident) = incidents::answer_offer(asked.ctx, offer.id, false, Some(why)).await?;
        return Ok(Answer::aloud(format!("The role of {} was not taken: {why}", words::role(offer.role)), incident));
    }
    let page = paged(asked).await?.ok_or_else(nothing_asked)?;
    let (page, incident) = answers::answer(asked.ctx, page.id, answers::Answer::Decline, Some(why)).await?;
    let names = Names::load(asked.ctx, &[page.person_id]).await?;
    Ok(Answer::aloud(format!("{} can't help: {why}", names.of(page.person_id)), incident))
}

fn nothing_asked() -> Error {
    Error::precondition("Nobody has asked you for anything here that is still open.")
}

/// The role that the asker is offered.
async fn offered(asked: &Asked<'_>) -> Result<Option<role_offer::Model>> {
    let (id, me) = (asked.id()?, asked.ctx.actor.person_id());
    let offers = incidents::offers_of(asked.ctx, &[id]).await?;
    Ok(offers.into_iter().rfind(|row| row.state == OfferState::Open && Some(row.person_id) == me))
}

/// The page that the asker has not answered.
async fn paged(asked: &Asked<'_>) -> Result<Option<page::Model>> {
    let (id, me) = (asked.id()?, asked.ctx.actor.person_id());
    let pages = sql::of_incidents::<page::Entity>(asked.ctx, &[id]).await?;
    Ok(pages.into_iter().rfind(|row| row.answered_at.is_none() && row.lost_at.is_none() && Some(row.person_id) == me))
}
