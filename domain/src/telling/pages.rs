//! Paging people to an incident, and their answers (R1, R14, R18).
//!
//! A page is a row, an event and a delivery that no preference silences. From then on, the person paged may see the incident. As long
//! as nobody answers, the step `page:<n>` falls due and the next person is paged: first line, second line, then by seniority.
//! Each page to the leadership has its own step; together they record who had to be informed.

use entity::{IncidentStatus, Operation, PageId, PageReason, PersonId, TimelineKind, page, person};
use serde_json::json;

use crate::incident::reference::{link, reference};
use crate::incident::writes::admit;
use crate::people::secrets::hash;
use crate::record::{Draft, NewEvent, Whole};
use crate::telling::message::{Message, Reach, Recipient};
use crate::telling::outgoing::ANSWER_LINK;
use crate::telling::roster::{Roster, Staffed};
use crate::words;

/// Writes into the draft that `person` is paged.
pub fn page(draft: &mut Draft<'_>, person: &person::Model, reason: PageReason, step: Option<&str>, why: &str) -> Reach {
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
    let message = Message { step: step.map(str::to_owned), page: Some(id), ..message(draft, person, why) };
    draft.tell(message)
}

fn message<'a>(draft: &Draft<'_>, person: &'a person::Model, why: &str) -> Message<'a> {
    let incident = draft.incident();
    let summary = incident.summary.as_deref().map(|summary| format!("\n\n{summary}")).unwrap_or_default();
    Message {
        to: Recipient::Person(person),
        purpose: Operation::Page,
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
        step: None,
        page: None,
    }
}

/// The severity, once the report has been triaged.
fn severity(incident: &entity::incident::Model) -> String {
    if incident.status == IncidentStatus::Triage { String::new() } else { format!("{} ", incident.severity) }
}

/// Writes into the draft of a new report that the person on call, if any, is paged (R1).
pub fn page_on_call(draft: &mut Draft<'_>, roster: &Roster) {
    let reporter = draft.incident().reporter_id;
    let on_duty = [roster.first_line(), roster.second_line()];
    // The reporter already knows.
    if let Some(person) = on_duty.into_iter().flatten().find(|person| Some(person.id) != reporter) {
        page(draft, person, PageReason::Reported, None, "something was reported and needs triage.");
    }
}

/// The next person to page: second line, first line, then by seniority, skipping anyone who was already paged and has not answered;
/// `None` if nobody is left. Triage, reopening and an answer start a new round, in which people paged earlier may be paged again.
pub fn next(facts: &Staffed, except: Option<PersonId>) -> Option<&person::Model> {
    let Whole { incident, pages, .. } = &facts.whole;
    let pages = || pages.iter().filter(|page| page.step_key.is_none());
    let anew = incident.reopened_at.max(incident.declared_at).max(pages().filter_map(|page| page.answered_at).max());
    let called = |id: PersonId| {
        pages().any(|page| page.person_id == id && page.answered_at.is_none() && anew.is_none_or(|anew| page.paged_at >= anew))
    };
    let order = facts.roster.second_line().into_iter().chain(facts.roster.first_line()).chain(facts.roster.by_seniority());
    order.into_iter().find(|person| Some(person.id) != except && !called(person.id))
}
