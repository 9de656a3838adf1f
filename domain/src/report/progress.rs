//! From draft to final: who reads the report, and when it is finished (R25, R27, R29).

use std::collections::BTreeSet;

use entity::{
    CommentKind, IncidentId, Operation, PersonId, ReportId, TimelineKind, incident, person, report, report_part, report_reader,
    report_section, timeline_event,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde_json::json;

use super::approval::{Clearance, approver};
use super::begin::begin;
use super::desk::Desk;
use super::edit::revision;
use super::proof::Proof;
use super::query::find;
use super::sections::Section;
use super::state::{Move, next};
use crate::authz::{Actor, Right};
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::order::cancel_publications;
use crate::error::{Error, Result};
use crate::filing::order as filing;
use crate::incident::reference::{link, reference};
use crate::incident::state::require_open_timeline;
use crate::incident::writes::admit;
use crate::record::{Draft, Facts, NewEvent, Whole};
use crate::telling::message::{Message, Recipient};
use crate::webhooks::event_type::EventType;
use crate::{people, validate, words};

/// The report, and who may be asked to read it.
struct Circle {
    proof: Proof,
    /// Who acted in the timeline.
    acted: BTreeSet<PersonId>,
}

impl Facts for Circle {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let acted = acted(ctx, incident.id).await?;
        Ok(Self { proof: Proof::load(ctx, incident).await?, acted })
    }

    fn scope(&self) -> &Whole {
        self.proof.scope()
    }
}

async fn acted(ctx: &Ctx, id: IncidentId) -> Result<BTreeSet<PersonId>> {
    let actors = timeline_event::Entity::find().select_only().column(timeline_event::Column::ActorId).distinct();
    let actors = actors.filter(timeline_event::Column::IncidentId.eq(id)).filter(timeline_event::Column::ActorId.is_not_null());
    let actors = actors.filter(timeline_event::Column::Kind.ne(TimelineKind::Redaction));
    Ok(actors.into_tuple::<PersonId>().all(ctx.db.read()).await?.into_iter().collect())
}

/// Begins the report of an incident that owes none, or is not resolved yet. One that has begun is returned as it is.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` before the incident is declared, and on a merged one.
pub async fn start(ctx: &Ctx, id: IncidentId) -> Result<report::Model> {
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |whole, draft| {
        if let Some(row) = whole.reports.first() {
            return Ok(row.clone());
        }
        require_open_timeline(&whole.incident)?;
        if whole.incident.declared_at.is_none() {
            return Err(Error::precondition("It is not an incident yet: declare it first, then there is something to report."));
        }
        let row = begin(draft);
        draft.record(NewEvent::new(TimelineKind::Report, "Report begun").posted_as(EventType::ReportBegun));
        Ok(row)
    });
    Ok(changed.await?.output)
}

/// Asks those involved, and whomever the author adds, to read the report (R25, R27). Asking again reaches only who was not asked yet, or
/// has not read it since.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION`, listing the required sections that say nothing yet.
pub async fn circulate(ctx: &Ctx, id: ReportId, also: &[PersonId]) -> Result<report::Model> {
    ctx.require(Right::Respond)?;
    let report = find(ctx, id).await?;
    let also = validate::list("readerIds", also)?;
    for person in &also {
        people::able_to_read(ctx, "readerIds", *person).await?;
    }
    let team = people::team(ctx).await?;
    let changed = change::<Circle, _>(ctx, report.incident_id, Right::Respond, None, |circle, draft| {
        let (report, manuscript) = circle.proof.report()?;
        let state = next(report.state, Move::Circulate)?;
        require_outline(manuscript.sections())?;
        let involved = involved(circle);
        let me = draft.actor();
        let is_asked = |person: &&person::Model| {
            (involved.contains(&person.id) || also.contains(&person.id))
                && me != Some(person.id)
                && !circle.proof.desk.readers.iter().any(|row| row.person_id == person.id && row.read_at.is_none())
        };
        let asked: Vec<&person::Model> = team.iter().filter(is_asked).collect();
        let row = report::Model { state, circulated_at: Some(draft.now), ..report.clone() };
        for person in &asked {
            ask(draft, &row, person);
        }
        manuscript.names().keep(draft, row.id)?;
        draft.put::<report::Entity>(row.clone());
        let text = match asked.len() {
            0 => "Report circulated; nobody new was asked to read it".to_owned(),
            1 => format!("Report circulated: {} was asked to read it", asked[0].name),
            number => format!("Report circulated: {number} people were asked to read it"),
        };
        let asked: Vec<String> = asked.iter().map(|person| person.id.to_string()).collect();
        let event = NewEvent::new(TimelineKind::Report, text).details(json!({ "readers": asked }));
        draft.record(event.posted_as(EventType::ReportCirculated));
        Ok(row)
    });
    Ok(changed.await?.output)
}

/// Who acted, held a role or was paged.
fn involved(circle: &Circle) -> BTreeSet<PersonId> {
    let whole = circle.scope();
    let held = whole.roles.iter().map(|row| row.person_id);
    let paged = whole.pages.iter().map(|row| row.person_id);
    held.chain(paged).chain(circle.acted.iter().copied()).collect()
}

fn ask(draft: &mut Draft<'_>, report: &report::Model, person: &person::Model) {
    let row = report_reader::Model {
        report_id: report.id,
        person_id: person.id,
        incident_id: report.incident_id,
        asked_at: draft.now,
        read_at: None,
    };
    draft.upsert(row.into_active_model());
    admit(draft, person.id);
    let link = format!("{}/report", link(draft.ctx(), draft.incident()));
    let what = format!("{}, please read the draft report and say what is missing or wrong.", person.name);
    let message = Message {
        to: Recipient::Person(person),
        purpose: Operation::Report,
        subject: format!("[{}] Please read the draft report", reference(draft.incident())),
        text: format!(
            "{what} The review builds on it.\n\nThe report: {link}\n\nOn its page you can comment on any passage. Say there when you have read it."
        ),
        short: what,
        link,
        step: None,
        page: None,
        invitation: None,
    };
    draft.tell(&message);
}

/// Fails if a required section says nothing.
fn require_outline(sections: &[Section]) -> Result<()> {
    let missing = sections.iter().filter(|section| section.required && section.body.is_empty());
    let (keys, titles): (Vec<String>, Vec<&str>) = missing.map(|section| (section.key.clone(), section.title.as_str())).unzip();
    if keys.is_empty() {
        return Ok(());
    }
    let reason = format!("Nothing is written yet under {}: a few sentences will do for a draft.", titles.join(", "));
    Err(Error::FailedPrecondition { reason, missing: keys })
}

/// Notes that the caller has read the report.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` for who was not asked to.
pub async fn mark_read(ctx: &Ctx, id: ReportId) -> Result<report::Model> {
    let report = find(ctx, id).await?;
    let changed = change::<Desk<Whole>, _>(ctx, report.incident_id, Right::Read, None, |desk, draft| {
        let report = desk.report()?.clone();
        let row = desk.readers.iter().find(|row| Some(row.person_id) == draft.actor());
        let Some(row) = row else { return Err(Error::Forbidden("You were not asked to read this report.".to_owned())) };
        if row.read_at.is_none() {
            draft.upsert(report_reader::Model { read_at: Some(draft.now), ..row.clone() }.into_active_model());
        }
        Ok(report)
    });
    Ok(changed.await?.output)
}

/// Finishes a report (R29): what is not written, and what each client's version says by itself, is kept as the facts have it now. Who may
/// approve what clients get is asked to.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` before it was circulated, with comments to be fixed first, or
/// without a review that was held and without `review_waived`, the reason why it needs none.
pub async fn finish(ctx: &Ctx, id: ReportId, review_waived: Option<&str>) -> Result<report::Model> {
    let report = find(ctx, id).await?;
    let review_waived = validate::optional_text("reviewWaived", review_waived)?;
    let team = people::team(ctx).await?;
    let changed = change::<Clearance, _>(ctx, report.incident_id, Right::Respond, None, |facts, draft| {
        let (report, manuscript) = facts.report()?;
        let desk = &facts.proof.desk;
        let state = next(report.state, Move::Finish)?;
        let open = desk.open.iter().filter(|comment| comment.kind == CommentKind::FixNow).count();
        if open > 0 {
            let which = if open == 1 { "A comment asks".to_owned() } else { format!("{open} comments ask") };
            return Err(Error::precondition(format!("{which} for a change before the report is finished: resolve it first, with a word.")));
        }
        let held = desk.scope.case().review.and_then(|review| review.held_at);
        if held.is_none() && review_waived.is_none() {
            return Err(Error::invalid("reviewWaived", "No review was held: say why this report is finished without one."));
        }
        require_outline(manuscript.sections())?;
        freeze(draft, report, manuscript.sections());
        for client in &facts.clients {
            manuscript.part(client.id).into_owned().keep(draft, report, client.id)?;
        }
        manuscript.names().keep(draft, report.id)?;
        let row = report::Model {
            state,
            final_at: Some(draft.now),
            final_by_id: draft.actor(),
            review_waived: review_waived.clone(),
            ..report.clone()
        };
        draft.put::<report::Entity>(row.clone());
        let because = review_waived.as_ref().map(|reason| format!(", without a review: {reason}")).unwrap_or_default();
        let asked = ask_for_approval(draft, facts, &team)?;
        let asked = asked.map(|whom| format!(". {whom}")).unwrap_or_default();
        let event = NewEvent::new(TimelineKind::Report, format!("Report finished{because}{asked}"));
        draft.record(event.posted_as(EventType::ReportFinalised));
        filing::follow(draft);
        Ok(row)
    });
    Ok(changed.await?.output)
}

/// Asks everybody who may approve what clients get of the report, and knows of the incident, for what is not approved yet; returns who was
/// asked, in a sentence, if anything is.
fn ask_for_approval(draft: &mut Draft<'_>, facts: &Clearance, team: &[person::Model]) -> Result<Option<String>> {
    let waiting = facts.unapproved()?;
    if waiting.is_empty() {
        return Ok(None);
    }
    let participants: Vec<PersonId> = facts.scope().access.iter().map(|row| row.person_id).collect();
    let may = |person: &&person::Model| {
        let actor = Actor::of(person);
        let is_approver = approver(&actor).is_some_and(|id| !facts.authors.contains(&id) && draft.actor() != Some(id));
        is_approver && actor.sees(draft.incident(), &participants)
    };
    let approvers: Vec<&person::Model> = team.iter().filter(may).collect();
    let link = format!("{}/report", link(draft.ctx(), draft.incident()));
    let whose = words::listed(&waiting);
    for person in &approvers {
        let what = format!("{}, please read and approve what clients get of the report.", person.name);
        draft.tell(&Message {
            to: Recipient::Person(person),
            purpose: Operation::Report,
            subject: format!("[{}] A report waits for your approval", reference(draft.incident())),
            text: format!("{what} It waits for {whose}, and nothing leaves before that.\n\nThe report: {link}\n\nIts page shows each version beside what the team reads."),
            short: what,
            link: link.clone(),
            step: None,
            page: None,
            invitation: None,
        });
    }
    let names: Vec<&str> = approvers.iter().map(|person| person.name.as_str()).collect();
    Ok(Some(match names.as_slice() {
        [] => "Nobody else may approve what clients get: an administrator can give somebody the grant APPROVE_CLIENT_REPORTS".to_owned(),
        names => format!("Asked to approve what clients get: {}", words::listed(names)),
    }))
}

/// Writes the sections that nobody has written as they stand, so that a final report no longer follows the facts.
fn freeze(draft: &mut Draft<'_>, report: &report::Model, sections: &[Section]) {
    for section in sections.iter().filter(|section| section.version == 0) {
        let row = report_section::Model {
            report_id: report.id,
            key: section.key.clone(),
            incident_id: report.incident_id,
            title: section.title.clone(),
            body: section.body.clone(),
            abridged: None,
            client: None,
            versions: section.versions,
            prefill: section.prefill.clone(),
            version: 1,
            changed_at: draft.now,
            changed_by_id: None,
        };
        draft.insert(revision(&row).into_active_model());
        draft.insert(row.into_active_model());
    }
}

/// Makes a circulated or final report a draft again.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is a draft.
pub async fn take_back(ctx: &Ctx, id: ReportId, reason: &str) -> Result<report::Model> {
    let report = find(ctx, id).await?;
    let reason = validate::text("reason", reason)?;
    let changed = change::<Desk<Whole>, _>(ctx, report.incident_id, Right::Respond, None, |desk, draft| {
        let report = desk.report()?;
        let state = next(report.state, Move::TakeBack)?;
        let row = report::Model {
            state,
            circulated_at: None,
            final_at: None,
            final_by_id: None,
            review_waived: None,
            abridged_at: None,
            clients_at: None,
            ..report.clone()
        };
        cancel_publications(draft);
        draft.delete::<report_part::Entity>(report_part::Column::ReportId.eq(report.id));
        draft.put::<report::Entity>(row.clone());
        let event = NewEvent::new(TimelineKind::Report, format!("Report taken back to be changed: {reason}"));
        draft.record(event.posted_as(EventType::ReportTakenBack));
        Ok(row)
    });
    Ok(changed.await?.output)
}
