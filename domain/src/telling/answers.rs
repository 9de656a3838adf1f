//! Help that is asked for, and answers to pages (R18).

use entity::{IncidentId, PageId, PageReason, PersonId, TimelineKind, page, person};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state;
use crate::people::secrets::hash;
use crate::record::{NewEvent, Whole};
use crate::telling::pages::{self, next};
use crate::telling::roster::Staffed;
use crate::{sql, validate};

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
        pages::page(draft, person, PageReason::Escalated, None, &reason);
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

/// The pages among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[PageId]) -> Result<Vec<page::Model>> {
    sql::seen_by_ids::<page::Entity>(ctx, ids).await
}

/// The pages of incidents that the caller is known to see, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<page::Model>> {
    sql::of_incidents::<page::Entity>(ctx, incidents).await
}
