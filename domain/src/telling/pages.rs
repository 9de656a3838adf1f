//! Paging people to an incident (R1, R14, R18).
//!
//! A page is a row, an event and deliveries that no preference silences: one for each way that leads to the person. From then on, they
//! may see the incident. As long as nobody answers, the step `page:<n>` falls due and the next person is paged: second line, first line,
//! then by seniority. What is known not to have left makes it fall due at once. Each page to the leadership has its own step; together
//! they record who had to be informed.

use entity::{
    IncidentStatus, Operation, PageId, PageLoss, PageReason, PersonId, Severity, Source, TimelineKind, Timestamp, Visibility, page, person,
};
use serde_json::json;

use crate::ctx::Ctx;
use crate::incident::reference::{began, link, reference, shown_name};
use crate::incident::writes::admit;
use crate::people::secrets::hash;
use crate::playbook::Playbook;
use crate::record::{Draft, NewEvent};
use crate::telling::message::{Message, Reach, Recipient, obstacle};
use crate::telling::outgoing::{ANSWER_LINK, BRIEFING};
use crate::telling::roster::{Roster, Staffed};
use crate::words;

/// Writes into the draft that `person` is paged.
pub fn page(draft: &mut Draft<'_>, person: &person::Model, reason: PageReason, step: Option<&str>, why: &str) -> Reach {
    let (id, secret) = (PageId(draft.id()), draft.ctx().ids.secret());
    let obstacle = obstacle(draft.ctx(), person, Operation::Page);
    let row = page::Model {
        id,
        incident_id: draft.incident().id,
        person_id: person.id,
        reason,
        step_key: step.map(str::to_owned),
        why: Some(why.to_owned()),
        paged_at: draft.now,
        asked_by_id: draft.actor(),
        lost_at: obstacle.map(|_| draft.now),
        lost: obstacle.map(|_| PageLoss::Unsent),
        answered_at: None,
        answered_by_id: None,
        answered_how: None,
        note: None,
        briefing: None,
        opened_at: None,
        secret_hash: Some(hash(&secret)),
        secret: Some(secret),
    };
    let details = json!({
        "page": row.id.to_string(), "person": person.id.to_string(), "reason": reason, "step": step, "lost": row.lost,
    });
    draft.add::<page::Entity>(row);
    admit(draft, person.id);
    let text = match obstacle {
        None => format!("Paged {}: {why}", person.name),
        Some(obstacle) => format!("Could not page {}: {obstacle}. Why: {why}", person.name),
    };
    draft.record(NewEvent::new(TimelineKind::Paged, text).details(details));
    let told = told(draft.incident().visibility, reason, why);
    let message = Message { step: step.map(str::to_owned), page: Some(id), ..message(draft, person, told) };
    draft.tell(&message)
}

/// What the message says of the reason. What people and alerts said about a restricted incident is behind the link alone.
fn told(visibility: Visibility, reason: PageReason, why: &str) -> &str {
    match (visibility, reason) {
        (Visibility::Open, _) | (Visibility::Restricted, PageReason::Leadership) => why,
        (Visibility::Restricted, PageReason::Escalated) => "your help is wanted.",
        (Visibility::Restricted, PageReason::Reported) => "something was reported.",
    }
}

fn message<'a>(draft: &Draft<'_>, person: &'a person::Model, why: &str) -> Message<'a> {
    let (incident, playbook) = (draft.incident(), draft.ctx().playbook());
    // What a restricted incident is about is behind the link alone.
    let (title, known) = match incident.visibility {
        Visibility::Open => {
            let summary = incident.summary.as_deref().map(|summary| format!("\n\n{summary}")).unwrap_or_default();
            (&*incident.name, format!("{BRIEFING}{summary}"))
        }
        Visibility::Restricted => ("(restricted)", "\n\nWhat it is about is behind the link.".to_owned()),
    };
    let short = format!("{}, you are needed: {why}\n\n{}\n{}{known}", person.name, shown_name(incident), situation(&playbook, incident));
    Message {
        to: Recipient::Person(person),
        purpose: Operation::Page,
        subject: format!("PAGE {}: {}{}", reference(incident), severity(incident), title),
        text: format!(
            "{short}\n\nSay here that you have seen it, take it, or pass it on; otherwise the next person is paged:\n{ANSWER_LINK}\n\n\
             The incident: {}",
            link(draft.ctx(), incident),
        ),
        short,
        link: ANSWER_LINK.to_owned(),
        step: None,
        page: None,
        invitation: None,
    }
}

/// Severity, state, what is special about it, and since when.
pub(super) fn situation(playbook: &Playbook, incident: &entity::incident::Model) -> String {
    let state: Vec<&str> = [words::status(incident.status)].into_iter().chain(words::urgent_flags(incident.flags)).collect();
    format!("{}{}, since {}", severity(incident), state.join(", "), playbook.local(began(incident)))
}

/// The severity, once the report has been triaged or monitoring has said how bad it is.
fn severity(incident: &entity::incident::Model) -> String {
    let is_known = incident.status != IncidentStatus::Triage || incident.severity < Severity::Minor;
    if is_known { format!("{} ", incident.severity) } else { String::new() }
}

/// Whether a report can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody is paged at once, at any hour.
    Now,
    /// Nobody is paged; out of hours it waits for the morning.
    Waits,
}

/// Writes into the draft of a new report that the person on call is paged (R1), or if nobody is, the most senior one, or that out of hours
/// it can wait for the morning (R18). What the playbook counts as urgent depends on the severity and on where the report comes from:
/// [`Ctx::source`].
pub fn page_on_call(draft: &mut Draft<'_>, roster: &Roster) {
    let is_urgent = is_urgent(draft.ctx(), draft.incident().severity, draft.now);
    page_or_wait(draft, roster, if is_urgent { Urgency::Now } else { Urgency::Waits });
}

/// As [`page_on_call`], where something else than the severity has decided.
pub fn page_or_wait(draft: &mut Draft<'_>, roster: &Roster, urgency: Urgency) {
    let reporter = draft.incident().reporter_id;
    let on_duty = [roster.first_line(), roster.second_line()];
    let is_covered = on_duty.iter().any(Option::is_some);
    // The reporter already knows.
    let is_other = |person: &&person::Model| Some(person.id) != reporter;
    let person = on_duty.into_iter().flatten().find(is_other);
    if urgency == Urgency::Now {
        let senior = || roster.by_seniority().into_iter().find(is_other).filter(|_| !is_covered);
        let asked = person.map(|person| (person, "something was reported and needs triage."));
        let asked = asked.or_else(|| Some((senior()?, "something was reported and needs triage, and nobody is on call.")));
        if let Some((person, why)) = asked {
            page(draft, person, PageReason::Reported, None, why);
        }
        return;
    }
    let playbook = draft.ctx().playbook();
    let opening = playbook.working_hours.next_opening(draft.now);
    let text = if opening > draft.now {
        draft.incident_mut().triage_from = Some(opening);
        format!("Nobody is paged for this out of hours: it waits until {}", playbook.local(opening))
    } else {
        "Nobody is paged for this: it waits for whoever looks at reports".to_owned()
    };
    if person.is_some() {
        draft.record(NewEvent::new(TimelineKind::Note, text));
    }
}

/// Whether something of this severity, coming in the way of the call, pages somebody now.
pub fn is_urgent(ctx: &Ctx, severity: Severity, now: Timestamp) -> bool {
    let playbook = ctx.playbook();
    let urgent = match ctx.source {
        Source::Alert => return playbook.is_urgent_alert(severity, now),
        Source::Zendesk => &playbook.out_of_hours.tickets,
        Source::Web | Source::Slack | Source::Api | Source::Cli | Source::Trello | Source::System | Source::Import => {
            &playbook.out_of_hours.reports
        }
    };
    playbook.working_hours.is_working(now) || urgent.contains(&severity)
}

/// Who must hear of what an alert says: whoever leads; of a report that needs triage, first line; else the next in the chain or, if all
/// were paged for less, whoever is on call.
pub fn in_charge(facts: &Staffed) -> Option<&person::Model> {
    let (incident, roster) = (&facts.whole.incident, &facts.roster);
    let lead = incident.lead_id.and_then(|lead| roster.person(lead));
    let first = || if incident.status == IncidentStatus::Triage { roster.first_line() } else { None };
    let again = || roster.first_line().or(roster.second_line()).or_else(|| roster.by_seniority().into_iter().next());
    lead.or_else(first).or_else(|| next(facts, None)).or_else(again)
}

/// The next person to page: second line, first line, then by seniority; `None` if nobody is left. Passed over is who need not be woken
/// ([`Chain`]).
pub fn next(facts: &Staffed, except: Option<PersonId>) -> Option<&person::Model> {
    let chain = Chain::of(facts, except);
    let order = facts.roster.second_line().into_iter().chain(facts.roster.first_line()).chain(facts.roster.by_seniority());
    order.into_iter().find(|person| chain.wants(person.id))
}

/// The pages of one round, and who knows without one. Triage and reopening begin a new round, in which anybody may be paged again. An
/// answer begins a new chain within the round: those who slept through the former one may be paged again.
struct Chain<'a> {
    round: Vec<&'a page::Model>,
    began: Option<Timestamp>,
    /// They lead, asked for help, or reported what needs triage.
    knows: Vec<PersonId>,
}

impl<'a> Chain<'a> {
    fn of(facts: &'a Staffed, except: Option<PersonId>) -> Self {
        let incident = &facts.whole.incident;
        let reporter = incident.reporter_id.filter(|_| incident.status == IncidentStatus::Triage);
        let knows = [incident.lead_id, reporter, except].into_iter().flatten().collect();
        Self::new(&facts.whole.pages, incident.reopened_at.max(incident.declared_at), knows)
    }

    fn new(pages: &'a [page::Model], round_began: Option<Timestamp>, mut knows: Vec<PersonId>) -> Self {
        let in_round = |row: &&page::Model| row.step_key.is_none() && round_began.is_none_or(|began| row.paged_at >= began);
        let round: Vec<&page::Model> = pages.iter().filter(in_round).collect();
        knows.extend(round.iter().filter_map(|row| row.asked_by_id));
        let began = round.iter().filter_map(|row| row.answered_at.filter(|_| row.lost_at.is_none())).max();
        Self { round, began, knows }
    }

    /// Whether paging this person may bring somebody who is not at work on it already.
    fn wants(&self, person: PersonId) -> bool {
        let is_settled = |row: &&&page::Model| {
            let (is_answered, in_chain) = (row.answered_at.is_some(), self.began.is_none_or(|began| row.paged_at >= began));
            is_answered || row.lost == Some(PageLoss::Declined) || in_chain
        };
        !self.knows.contains(&person) && !self.round.iter().filter(|row| row.person_id == person).any(|row| is_settled(&row))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone};
    use uuid::Uuid;

    use super::*;
    use crate::fixtures;

    fn person(id: u128) -> PersonId {
        PersonId(Uuid::from_u128(id))
    }

    fn at(minute: i64) -> Timestamp {
        chrono::Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap() + Duration::minutes(minute)
    }

    /// Whoever is person 1 was paged at `minute`.
    fn paged(minute: i64) -> page::Model {
        fixtures::page(1, at(minute))
    }

    #[test]
    fn who_need_not_be_woken_is_passed_over() {
        let answered = |row: page::Model, minute| page::Model { answered_at: Some(at(minute)), ..row };
        let lost = |row: page::Model, lost| page::Model { lost: Some(lost), lost_at: Some(row.paged_at), ..row };
        let of = |id, row: page::Model| page::Model { person_id: person(id), ..row };
        let since = |minute| Some(at(minute));
        for (what, pages, round_began, knows, wanted) in [
            ("nobody was paged", vec![], None, vec![], true),
            ("they lead, asked, or reported", vec![], None, vec![person(1)], false),
            ("somebody else leads", vec![], None, vec![person(2)], true),
            ("they are paged already", vec![paged(0)], None, vec![], false),
            ("they were paged before it was declared", vec![paged(0)], since(5), vec![], true),
            ("they were paged just when it was declared", vec![paged(5)], since(5), vec![], false),
            ("they answered", vec![answered(paged(0), 2)], None, vec![], false),
            ("they answered in an earlier round", vec![answered(paged(0), 2)], since(5), vec![], true),
            ("they slept, and somebody else answered", vec![paged(0), of(2, answered(paged(5), 6))], None, vec![], true),
            ("they were paged after somebody else answered", vec![of(2, answered(paged(0), 1)), paged(5)], None, vec![], false),
            (
                "the other one's answer was taken back",
                vec![paged(0), of(2, lost(answered(paged(5), 6), PageLoss::Declined))],
                None,
                vec![],
                false,
            ),
            ("the page could not leave", vec![lost(paged(0), PageLoss::Unsent)], None, vec![], false),
            ("they can't help", vec![lost(paged(0), PageLoss::Declined), of(2, answered(paged(5), 6))], None, vec![], false),
            (
                "nobody reached them, somebody else answered",
                vec![lost(paged(0), PageLoss::Unreached), of(2, answered(paged(5), 6))],
                None,
                vec![],
                true,
            ),
            ("they asked for help", vec![of(2, page::Model { asked_by_id: Some(person(1)), ..paged(0) })], None, vec![], false),
            (
                "they asked before it was declared",
                vec![of(2, page::Model { asked_by_id: Some(person(1)), ..paged(0) })],
                since(5),
                vec![],
                true,
            ),
            (
                "they were told as one of the leadership",
                vec![page::Model { step_key: Some("leadership:cto".into()), ..paged(0) }],
                None,
                vec![],
                true,
            ),
        ] {
            assert_eq!(Chain::new(&pages, round_began, knows).wants(person(1)), wanted, "{what}");
        }
    }
}
