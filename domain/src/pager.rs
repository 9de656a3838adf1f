//! Paging people to an incident, and their answers (R1, R14, R18).
//!
//! A page is a row, an event and a delivery that no preference silences. From then on, the person paged may see the incident. As long
//! as nobody answers, the step `page:<n>` falls due and the next person is paged: first line, second line, then by seniority.
//! Each page to the leadership has its own step; together they record who had to be informed.

use entity::{IncidentId, IncidentStatus, Operation, PageId, PageReason, PersonId, TimelineKind, page, person};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::order::New;
use crate::desk::{Desk, Staffed};
use crate::error::{Error, Result};
use crate::incident::writes::admit;
use crate::incident::{link, reference, state};
use crate::people::secrets::hash;
use crate::ports::Email;
use crate::record::{Draft, NewEvent, Whole};
use crate::telling::outgoing::ANSWER_LINK;
use crate::{sql, validate, words};

/// Writes into the draft that `person` is paged.
pub(crate) fn call(draft: &mut Draft<'_>, person: &person::Model, reason: PageReason, step: Option<&str>, why: &str) {
    let secret = draft.ctx().ids.secret();
    let row = page::Model {
        id: PageId(draft.id()),
        incident_id: draft.incident().id,
        person_id: person.id,
        reason,
        step_key: step.map(str::to_owned),
        paged_at: draft.now,
        answered_at: None,
        answered_by_id: None,
        note: None,
        secret_hash: Some(hash(&secret)),
        secret: Some(secret),
    };
    let id = row.id;
    draft.add::<page::Entity>(row);
    admit(draft, person.id);
    let details = json!({ "page": id.to_string(), "person": person.id.to_string(), "reason": reason, "step": step });
    draft.record(NewEvent::new(TimelineKind::Paged, format!("Paged {}: {why}", person.name)).details(details));
    let effect = mail(draft, person, why);
    draft.send(New { person: Some(person.id), step: step.map(str::to_owned), page: Some(id), ..New::of(Operation::Page, effect) });
}

fn mail(draft: &Draft<'_>, person: &person::Model, why: &str) -> Email {
    let incident = draft.incident();
    let summary = incident.summary.as_deref().map(|summary| format!("\n\n{summary}")).unwrap_or_default();
    Email {
        to_name: person.name.clone(),
        to: person.email.clone().unwrap_or_default(),
        subject: format!("PAGE {}: {}{}", reference(incident), severity(incident), incident.name),
        text: format!(
            "{}, you are needed: {why}\n\n{} ({}), {}{summary}\n\nAcknowledge this, so that nobody else is paged:\n{ANSWER_LINK}\n\n\
             The incident: {}",
            person.name,
            incident.name,
            reference(incident),
            words::status(incident.status),
            link(draft.ctx(), incident),
        ),
        thread: Some(incident.id.to_string()),
    }
}

/// The severity, once the report has been triaged.
fn severity(incident: &entity::incident::Model) -> String {
    if incident.status == IncidentStatus::Triage { String::new() } else { format!("{} ", incident.severity) }
}

/// Writes into the draft of a new report that the person on call, if any, is paged (R1).
pub(crate) fn call_on_duty(draft: &mut Draft<'_>, desk: &Desk) {
    let reporter = draft.incident().reporter_id;
    let on_duty = [desk.first_line(), desk.second_line()];
    // The reporter already knows.
    if let Some(person) = on_duty.into_iter().flatten().find(|person| Some(person.id) != reporter) {
        call(draft, person, PageReason::Reported, None, "something was reported and needs triage.");
    }
}

/// The next person to page: second line, first line, then by seniority, skipping anyone who was already paged and has not answered;
/// `None` if nobody is left. Triage, reopening and an answer start a new round, in which people paged earlier may be paged again.
pub(crate) fn next(facts: &Staffed, except: Option<PersonId>) -> Option<&person::Model> {
    let Whole { incident, pages, .. } = &facts.whole;
    let pages = || pages.iter().filter(|page| page.step_key.is_none());
    let anew = incident.reopened_at.max(incident.declared_at).max(pages().filter_map(|page| page.answered_at).max());
    let called = |id: PersonId| {
        pages().any(|page| page.person_id == id && page.answered_at.is_none() && anew.is_none_or(|anew| page.paged_at >= anew))
    };
    let order = facts.desk.second_line().into_iter().chain(facts.desk.first_line()).chain(facts.desk.by_seniority());
    order.into_iter().find(|person| Some(person.id) != except && !called(person.id))
}

/// Pages the second line or, if they have not answered, the next person by seniority (R18). This completes the step `second-line`.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the incident is not live or nobody is left to page.
pub async fn escalate(ctx: &Ctx, id: IncidentId, reason: &str) -> Result<entity::incident::Model> {
    let reason = validate::text("reason", reason)?;
    let changed = change::<Staffed, _>(ctx, id, Right::Respond, None, |facts, draft| {
        state::require_live(&facts.whole.incident)?;
        let Some(person) = next(facts, draft.actor()) else {
            return Err(Error::precondition(
                "Nobody is left to page: put somebody on call as second line or give people a seniority. In the meantime, phone them.",
            ));
        };
        draft.incident_mut().escalated_at = Some(draft.now);
        let details = json!({ "to": person.id.to_string() });
        draft.record(NewEvent::new(TimelineKind::Escalated, format!("Escalated to {}: {reason}", person.name)).details(details));
        call(draft, person, PageReason::Escalated, None, &reason);
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Records that the page was answered, by the person or by somebody who reached them another way.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`.
pub async fn answer(ctx: &Ctx, id: PageId, note: Option<&str>) -> Result<(page::Model, entity::incident::Model)> {
    ctx.require(Right::Report)?;
    let note = validate::optional_text("note", note)?;
    let row = find(ctx, id).await?;
    if ctx.actor.person_id() != Some(row.person_id) {
        ctx.require(Right::Respond)?;
    }
    record_answer(ctx, &row, ctx.actor.person_id(), note).await
}

/// The page behind a link in a mail, with the person and the incident.
///
/// # Errors
/// `NOT_FOUND` for a link that never existed.
pub async fn by_link(ctx: &Ctx, secret: &str) -> Result<(page::Model, person::Model, entity::incident::Model)> {
    let found = page::Entity::find().filter(page::Column::SecretHash.eq(hash(secret))).one(ctx.db.read()).await?;
    let row = found.ok_or(Error::NotFound("page"))?;
    let system = ctx.on_own_behalf();
    let (person, incident) =
        tokio::try_join!(crate::people::find(&system, row.person_id), crate::incident::find(&system, row.incident_id))?;
    Ok((row, person, incident))
}

/// Answers the page behind a link: having the mail proves who it is.
///
/// # Errors
/// As [`by_link`].
pub async fn answer_by_link(ctx: &Ctx, secret: &str) -> Result<(page::Model, entity::incident::Model)> {
    let (row, person, _) = by_link(ctx, secret).await?;
    record_answer(&ctx.on_own_behalf(), &row, Some(person.id), None).await
}

async fn record_answer(
    ctx: &Ctx,
    row: &page::Model,
    by: Option<PersonId>,
    note: Option<String>,
) -> Result<(page::Model, entity::incident::Model)> {
    let person = crate::people::find(ctx, row.person_id).await?;
    let teller = match by.filter(|by| *by != person.id) {
        Some(by) => Some(crate::people::find(ctx, by).await?),
        None => None,
    };
    let changed = change::<Whole, _>(ctx, row.incident_id, Right::Report, None, |facts, draft| {
        let Some(current) = facts.pages.iter().find(|page| page.id == row.id) else { return Err(Error::NotFound("page")) };
        if current.answered_at.is_some() {
            return Ok(current.clone());
        }
        let answered = page::Model { answered_at: Some(draft.now), answered_by_id: by, note: note.clone(), ..current.clone() };
        draft.put::<page::Entity>(answered.clone());
        let mut text = match &teller {
            Some(teller) => format!("{} was reached, says {}", person.name, teller.name),
            None => format!("{} answered the page", person.name),
        };
        if let Some(note) = &note {
            text = format!("{text}: {note}");
        }
        let details = json!({ "page": row.id.to_string(), "person": person.id.to_string() });
        draft.record(NewEvent::new(TimelineKind::Acknowledged, text).details(details));
        Ok(answered)
    });
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

/// The page `id`.
///
/// # Errors
/// `NOT_FOUND`, including for pages about incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: PageId) -> Result<page::Model> {
    sql::find_seen::<page::Entity>(ctx, id).await
}

/// The pages of incidents that the caller is known to see, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<page::Model>> {
    sql::of_incidents::<page::Entity>(ctx, incidents).await
}
