//! Help that is asked for, and answers to pages (R18).

use entity::{AccessLevel, AnsweredHow, IncidentId, PageId, PageLoss, PageReason, Role, TimelineKind, page, person};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::order;
use crate::error::{Error, Result};
use crate::incident::marks::{self, Settlement};
use crate::incident::reference::reference;
use crate::incident::state;
use crate::incident::writes::give;
use crate::people::secrets::hash;
use crate::playbook::Rule;
use crate::record::{Draft, NewEvent};
use crate::telling::briefing;
use crate::telling::pages::{self, next};
use crate::telling::roster::{Roster, Staffed};
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

/// What somebody who was paged says, or somebody else about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They know.
    Seen,
    /// They lead from now on.
    Lead,
    /// They help whoever is at work on it already.
    Join,
    /// They can't help: the next person is paged.
    Decline,
    /// Somebody tried to reach them another way and could not: the next person is paged.
    Unreached,
}

/// Records the answer to a page, by the person or by somebody who reached them another way. What it says of them counts for every page
/// that they have about this incident, and for the duty to tell them as one of the leadership.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if they have left, or can't do what is said of them.
pub async fn answer(ctx: &Ctx, id: PageId, answer: Answer, note: Option<&str>) -> Result<(page::Model, entity::incident::Model)> {
    ctx.require(Right::Report)?;
    let note = validate::optional_text("note", note)?;
    let row = find(ctx, id).await?;
    let how = if ctx.actor.person_id() == Some(row.person_id) {
        AnsweredHow::SignedIn
    } else {
        ctx.require(Right::Respond)?;
        AnsweredHow::ByHand
    };
    let said = Said { how, note, ..Said::by_hand(ctx, &row, answer).await? };
    record_answer(ctx, &row, said).await
}

/// The page behind a link in a message, with the person and the incident.
///
/// # Errors
/// `NOT_FOUND` for a link that never existed; `FORBIDDEN` if the person has left, or lost the access that the page was for.
pub async fn by_link(ctx: &Ctx, secret: &str) -> Result<(page::Model, person::Model, entity::incident::Model)> {
    let found = page::Entity::find().filter(page::Column::SecretHash.eq(hash(secret))).one(ctx.db.read()).await?;
    let row = found.ok_or(Error::NotFound("page"))?;
    validate::fresh_link(row.paged_at, ctx.now())?;
    let system = ctx.on_own_behalf();
    let (person, incident) =
        tokio::try_join!(crate::people::find(&system, row.person_id), crate::incident::find(&system, row.incident_id))?;
    require_still_meant(&row, &person)?;
    let themselves = ctx.on_behalf_of(&person);
    if crate::incident::find(&themselves, row.incident_id).await.is_err() {
        return Err(Error::Forbidden(format!("{} may no longer see {}, so this link no longer works.", person.name, reference(&incident))));
    }
    Ok((row, person, incident))
}

/// Answers the page behind a link: having the message proves who it is.
///
/// # Errors
/// As [`by_link`] and [`answer`].
pub async fn answer_by_link(ctx: &Ctx, secret: &str, answer: Answer) -> Result<(page::Model, entity::incident::Model)> {
    let (row, person, _) = by_link(ctx, secret).await?;
    let themselves = ctx.on_behalf_of(&person);
    let said = Said { person, teller: None, answer, how: AnsweredHow::Link, note: None };
    record_answer(&themselves, &row, said).await
}

/// Fails if the page is no longer for this person, who has left or may no longer respond.
fn require_still_meant(row: &page::Model, person: &person::Model) -> Result<()> {
    if person.deactivated_at.is_some() {
        return Err(Error::Forbidden(format!(
            "{} is no longer on the team, so this page is no longer theirs: somebody else was paged.",
            person.name
        )));
    }
    if row.step_key.is_none() && person.access_level == AccessLevel::Viewer {
        return Err(Error::Forbidden(format!(
            "{} may only read by now, so this page is no longer theirs: somebody else was paged. An administrator can change that.",
            person.name
        )));
    }
    Ok(())
}

/// An answer: whose, how it came, and who recorded it.
pub(crate) struct Said {
    person: person::Model,
    /// Somebody else who says it.
    teller: Option<person::Model>,
    answer: Answer,
    how: AnsweredHow,
    note: Option<String>,
}

impl Said {
    /// What the caller says of the person who was paged by `row`.
    ///
    /// # Errors
    /// `FORBIDDEN` if they have left.
    pub(crate) async fn by_hand(ctx: &Ctx, row: &page::Model, answer: Answer) -> Result<Self> {
        let person = crate::people::find(ctx, row.person_id).await?;
        require_still_meant(row, &person)?;
        Ok(Self { teller: teller(ctx, &person).await?, person, answer, how: AnsweredHow::ByHand, note: None })
    }

    /// Writes it into the draft.
    ///
    /// # Errors
    /// `NOT_FOUND`; `FAILED_PRECONDITION` where they can't do what is said of them.
    pub(crate) fn write(&self, roster: &Roster, draft: &mut Draft<'_>, id: PageId) -> Result<page::Model> {
        let found = draft.whole().pages.iter().find(|page| page.id == id).cloned();
        let current = found.ok_or(Error::NotFound("page"))?;
        if self.answer == Answer::Lead {
            state::require_open_timeline(draft.incident())?;
        }
        let is_answered = current.answered_at.is_some() && current.lost.is_none();
        let is_repeated = match self.answer {
            Answer::Seen | Answer::Lead | Answer::Join => is_answered,
            Answer::Decline => current.lost == Some(PageLoss::Declined),
            Answer::Unreached => is_answered || current.lost == Some(PageLoss::Unreached),
        };
        let row = match self.answer {
            _ if is_repeated => current,
            Answer::Seen | Answer::Lead | Answer::Join => self.arrive(roster, draft, &current),
            Answer::Decline => self.lose(draft, &current, PageLoss::Declined),
            Answer::Unreached => self.lose(draft, &current, PageLoss::Unreached),
        };
        if !is_repeated {
            let details = json!({ "page": id.to_string(), "person": self.person.id.to_string(), "lost": row.lost });
            draft.record(NewEvent::new(TimelineKind::Acknowledged, self.words()).details(details));
        }
        take_up(draft, &self.person, self.answer);
        Ok(row)
    }

    /// They know, which answers all that they were paged for here.
    fn arrive(&self, roster: &Roster, draft: &mut Draft<'_>, current: &page::Model) -> page::Model {
        let answered = self.answered(current, self.how, draft);
        draft.put::<page::Entity>(answered.clone());
        order::cancel_page(draft, current.id);
        let is_open = |row: &&page::Model| row.person_id == self.person.id && row.answered_at.is_none();
        let others: Vec<page::Model> = draft.whole().pages.iter().filter(is_open).cloned().collect();
        for row in others {
            order::cancel_page(draft, row.id);
            let row = self.answered(&row, AnsweredHow::OtherPage, draft);
            draft.put::<page::Entity>(row);
        }
        let playbook = draft.ctx().playbook();
        for contact in &playbook.leadership_contacts {
            if roster.contact(&playbook, contact).is_some_and(|known| known.id == self.person.id) {
                let note = Some("They answered a page about this incident.".to_owned());
                let settlement = Settlement { by: draft.actor(), waived: false, note };
                marks::settle(draft, &format!("{}:{contact}", Rule::Leadership), settlement);
            }
        }
        answered
    }

    fn answered(&self, row: &page::Model, how: AnsweredHow, draft: &Draft<'_>) -> page::Model {
        page::Model {
            answered_at: Some(draft.now),
            answered_by_id: draft.actor(),
            answered_how: Some(how),
            note: self.note.clone(),
            lost_at: None,
            lost: None,
            ..row.clone()
        }
    }

    fn lose(&self, draft: &mut Draft<'_>, row: &page::Model, lost: PageLoss) -> page::Model {
        order::cancel_page(draft, row.id);
        let row = page::Model { lost_at: Some(draft.now), lost: Some(lost), note: self.note.clone(), ..row.clone() };
        draft.put::<page::Entity>(row.clone());
        row
    }

    fn words(&self) -> String {
        let name = &self.person.name;
        let says = self.teller.as_ref().map(|teller| format!(", says {}", teller.name)).unwrap_or_default();
        let text = match self.answer {
            Answer::Seen | Answer::Lead | Answer::Join if self.teller.is_some() => format!("{name} was reached{says}"),
            Answer::Seen | Answer::Lead | Answer::Join => format!("{name} answered the page"),
            Answer::Decline => format!("{name} can't help{says}: the next person is paged"),
            Answer::Unreached => format!("{name} was not reached{says}: the next person is paged"),
        };
        match &self.note {
            Some(note) => format!("{text}: {note}"),
            None => text,
        }
    }
}

/// Who says it, if not the person who was paged.
async fn teller(ctx: &Ctx, person: &person::Model) -> Result<Option<person::Model>> {
    match ctx.actor.person_id().filter(|by| *by != person.id) {
        Some(by) => Ok(Some(crate::people::find(ctx, by).await?)),
        None => Ok(None),
    }
}

async fn record_answer(ctx: &Ctx, row: &page::Model, said: Said) -> Result<(page::Model, entity::incident::Model)> {
    if said.answer == Answer::Lead && said.person.access_level < AccessLevel::Responder {
        return Err(Error::precondition(format!("{} has viewer access only and can't lead.", said.person.name)));
    }
    let changed = change::<Staffed, _>(ctx, row.incident_id, Right::Report, None, |facts, draft| said.write(&facts.roster, draft, row.id));
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

/// Writes into the draft what the person takes on with their answer.
fn take_up(draft: &mut Draft<'_>, person: &person::Model, answer: Answer) {
    let role = match answer {
        Answer::Lead => Role::IncidentLead,
        Answer::Join if person.access_level >= AccessLevel::Responder => Role::Responder,
        Answer::Join | Answer::Seen | Answer::Decline | Answer::Unreached => return,
    };
    give(draft, role, person, None);
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

/// Who holds which role in an incident now: who is already there.
pub async fn at_work(ctx: &Ctx, incident: IncidentId) -> Result<Vec<(Role, person::Model)>> {
    let roles = crate::incident::roles_of(ctx, &[incident]).await?;
    let held: Vec<_> = roles.into_iter().filter(|row| row.ended_at.is_none()).collect();
    let ids: Vec<_> = held.iter().map(|row| row.person_id).collect();
    let people = crate::people::by_ids(ctx, &ids).await?;
    let person = |id| people.iter().find(|person| person.id == id).cloned();
    Ok(held.iter().filter_map(|row| Some((row.role, person(row.person_id)?))).collect())
}

/// What the page tells of the incident: as its messages do, or as it is now if none has left.
pub async fn briefing(ctx: &Ctx, page: &page::Model, incident: &entity::incident::Model) -> Result<String> {
    match &page.briefing {
        Some(briefing) => Ok(briefing.clone()),
        None => briefing::now(ctx, incident).await,
    }
}
