//! What a message of ours shows by now: pure, so that nobody sees a button of what is done.

use entity::{IncidentStatus, OfferState, Operation, PageLoss, Visibility, chat_channel, delivery, incident, page, role_offer, step};

use crate::delivery::order::steps_of;
use crate::incident::reference::{reference, shown_name};
use crate::incident::state::is_over;
use crate::playbook::Playbook;
use crate::playbook::steps::{Step, stands};
use crate::ports::{ChatMessage, ChatOrder, ChatPlace, Posted, Said};
use crate::record::Whole;
use crate::telling::roster::{Roster, Staffed};

/// What became of a step, where nobody said so or not all may know.
const OVER: &str = "Done, or no longer needed.";

/// What a message shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// What was posted.
    AsPosted,
    /// This, for good or until the incident changes again.
    Instead { said: Said, is_settled: bool },
}

/// What the message that was posted by `row` and `order` shows while these are the open `steps` and this is the incident's channel.
pub(super) fn revision(
    row: &delivery::Model,
    order: &ChatOrder,
    facts: &Staffed,
    channel: &chat_channel::Model,
    steps: &[Step],
    playbook: &Playbook,
) -> Revision {
    let Staffed { whole, roster } = facts;
    match order {
        ChatOrder::Notice(notice) => noticed(&notice.text, whole, playbook),
        ChatOrder::Channel(_) => Revision::AsPosted,
        ChatOrder::Message(message) => {
            let outcome = match row.operation {
                Operation::Page => of_page(row, whole, roster),
                Operation::Offer => of_offer(row, whole),
                _ => {
                    let is_among_participants = is_among_participants(row, message, &whole.incident, channel);
                    of_steps(row, whole, steps).map(|marks| if is_among_participants { in_words(&marks, roster) } else { OVER.to_owned() })
                }
            };
            outcome.map_or(Revision::AsPosted, |outcome| Revision::Instead { said: settled(&message.said, outcome), is_settled: true })
        }
    }
}

/// The same without its buttons, and with what became of it.
fn settled(said: &Said, outcome: String) -> Said {
    Said {
        mentions: Vec::new(),
        headline: said.headline.clone(),
        paragraphs: vec![outcome],
        short: said.short.clone(),
        link: None,
        buttons: Vec::new(),
    }
}

/// The notice to everybody (R7) says that it is over, as long as it is. Of what has become restricted it says no more than which it is.
fn noticed(text: &str, whole: &Whole, playbook: &Playbook) -> Revision {
    let incident = &whole.incident;
    if incident.visibility == Visibility::Restricted {
        let headline = shown_name(incident);
        // Everybody may be let in again.
        return Revision::Instead { said: Said { short: headline.clone(), headline, ..Said::default() }, is_settled: false };
    }
    let became = match incident.status {
        IncidentStatus::Resolved | IncidentStatus::Closed => {
            let at = incident.resolved_at.or(incident.closed_at).map(|at| format!(", since {}", playbook.local(at)));
            format!("is resolved{}", at.unwrap_or_default())
        }
        IncidentStatus::Merged => "was merged into another incident".to_owned(),
        IncidentStatus::Triage
        | IncidentStatus::Declined
        | IncidentStatus::Investigating
        | IncidentStatus::Fixing
        | IncidentStatus::Monitoring => return Revision::AsPosted,
    };
    let headline = format!("{} {became}", reference(incident));
    // It may be reopened.
    let said = Said { short: headline.clone(), headline, paragraphs: vec![text.to_owned()], ..Said::default() };
    Revision::Instead { said, is_settled: false }
}

/// What became of a page; `None` while it waits for an answer.
fn of_page(row: &delivery::Model, whole: &Whole, roster: &Roster) -> Option<String> {
    let page = whole.pages.iter().find(|page| Some(page.id) == row.page_id)?;
    if page.answered_at.is_some() && page.lost.is_none() {
        let by = page.answered_by_id.filter(|by| *by != page.person_id).and_then(|by| roster.person(by));
        return Some(by.map_or_else(|| "You have it.".to_owned(), |by| format!("Answered, says {}.", by.name)));
    }
    match page.lost {
        Some(PageLoss::Declined) => Some("You can't help: somebody else was paged.".to_owned()),
        Some(PageLoss::Left) => Some("This is no longer yours.".to_owned()),
        Some(PageLoss::Unreached) => Some("You were not reached: somebody else was paged.".to_owned()),
        Some(PageLoss::Unsent) | None => is_needless(page, whole).then(|| "It is over, or somebody else has it.".to_owned()),
    }
}

/// Whether nobody waits for the answer any more: the report was triaged, or the incident is over.
fn is_needless(page: &page::Model, whole: &Whole) -> bool {
    let incident = &whole.incident;
    let was_triaged = page.step_key.is_none() && incident.declared_at.is_some_and(|at| at > page.paged_at);
    was_triaged || is_over(incident)
}

/// What became of an offer; `None` while it is open.
fn of_offer(row: &delivery::Model, whole: &Whole) -> Option<String> {
    let is_meant = |offer: &&role_offer::Model| Some(offer.person_id) == row.person_id && offer.offered_at == row.created_at;
    let offer = whole.offers.iter().find(is_meant)?;
    match offer.state {
        OfferState::Open => None,
        OfferState::Accepted => Some("You took it over.".to_owned()),
        OfferState::Refused => Some("You said that you can't.".to_owned()),
        OfferState::Withdrawn => Some("The offer was withdrawn.".to_owned()),
    }
}

/// Whether all who read a message may know what became of its steps. Who was reminded alone, or in a channel that others read, may not be
/// among those of a restricted incident any more.
fn is_among_participants(row: &delivery::Model, message: &ChatMessage, incident: &incident::Model, channel: &chat_channel::Model) -> bool {
    let at = row.external_id.as_deref().and_then(Posted::parse);
    let is_there = at.is_some_and(|at| channel.is_private && channel.channel.as_ref() == Some(&at.channel));
    incident.visibility == Visibility::Open || (is_there && matches!(message.place, ChatPlace::Incident { .. }))
}

/// What became of the steps that a reminder is about; `None` while one of them stands.
fn of_steps<'a>(row: &delivery::Model, whole: &'a Whole, steps: &[Step]) -> Option<Vec<&'a step::Model>> {
    if row.step_key.is_none() || steps_of(row).any(|key| stands(key, steps)) {
        return None;
    }
    let mark = |key: &str| whole.steps.iter().find(|mark| mark.key == key && mark.settled_at.is_some());
    Some(steps_of(row).filter_map(mark).collect())
}

fn in_words(marks: &[&step::Model], roster: &Roster) -> String {
    let lines: Vec<String> = marks.iter().map(|mark| line(mark, roster)).collect();
    if lines.is_empty() { OVER.to_owned() } else { lines.join("\n") }
}

fn line(mark: &step::Model, roster: &Roster) -> String {
    let verb = if mark.waived { "Not needed" } else { "Done" };
    let by = mark.settled_by_id.and_then(|by| roster.person(by)).map(|by| format!(", says {}", by.name)).unwrap_or_default();
    match &mark.note {
        Some(note) => format!("{verb}{by}: {note}"),
        None => format!("{verb}{by}."),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{Duration, TimeZone, Utc};
    use entity::{DeliveryState, System, Timestamp};

    use super::*;
    use crate::fixtures;
    use crate::playbook::steps::steps;
    use crate::ports::{Button, Notice, Press};

    fn at(minute: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 30, 11, 0, 0).unwrap() + Duration::minutes(minute)
    }

    fn facts(change: impl FnOnce(&mut Whole)) -> Staffed {
        let mut whole = Whole::new(fixtures::live_incident(at(0)));
        change(&mut whole);
        Staffed { whole, roster: Arc::new(Roster::default()) }
    }

    fn posted(operation: Operation, step_key: Option<&str>, page: Option<&page::Model>) -> delivery::Model {
        delivery::Model {
            state: DeliveryState::Delivered,
            attempts: 1,
            person_id: page.map(|page| page.person_id),
            step_key: step_key.map(str::to_owned),
            page_id: page.map(|page| page.id),
            external_id: Some("C1/1.1".to_owned()),
            delivered_at: Some(at(1)),
            ..fixtures::delivery(System::Slack, operation, at(1))
        }
    }

    fn message() -> ChatOrder {
        let button = Button { press: Press::DoStep, value: "x".to_owned(), label: "Do it now".to_owned(), is_main: true };
        let said = Said { headline: "Name a lead".to_owned(), buttons: vec![button], ..Said::default() };
        ChatOrder::Message(Box::new(ChatMessage { place: ChatPlace::Incident { channel: None }, said }))
    }

    fn outcome(row: &delivery::Model, order: &ChatOrder, facts: &Staffed) -> Option<String> {
        let playbook = Playbook::default();
        let steps = steps(&facts.whole.case(), &playbook, at(10));
        match revision(row, order, facts, &chat_channel::Model { is_private: true, ..fixtures::chat_channel() }, &steps, &playbook) {
            Revision::AsPosted => None,
            Revision::Instead { said, .. } => {
                assert!(said.buttons.is_empty(), "{said:?}");
                Some(said.headline + ": " + &said.paragraphs.join(" "))
            }
        }
    }

    #[test]
    fn a_reminder_has_its_buttons_until_its_step_is_done() {
        let row = posted(Operation::Remind, Some("lead"), None);
        assert_eq!(outcome(&row, &message(), &facts(|_| {})), None);
        let over = facts(|whole| {
            whole.incident = incident::Model { status: IncidentStatus::Closed, live: false, ..whole.incident.clone() };
        });
        assert_eq!(outcome(&row, &message(), &over).as_deref(), Some("Name a lead: Done, or no longer needed."));
    }

    #[test]
    fn why_a_step_of_a_restricted_incident_was_not_needed_is_said_where_all_may_know() {
        let waived = facts(|whole| {
            whole.incident = incident::Model {
                status: IncidentStatus::Closed,
                live: false,
                visibility: Visibility::Restricted,
                ..whole.incident.clone()
            };
            whole.steps =
                vec![step::Model { waived: true, settled_at: Some(at(5)), note: Some("It was Lee.".to_owned()), ..fixtures::step("lead") }];
        });
        let row = posted(Operation::Remind, Some("lead"), None);
        assert_eq!(outcome(&row, &message(), &waived).as_deref(), Some("Name a lead: Not needed: It was Lee."));
        // In the channel that it had before, and to one person.
        let before = delivery::Model { external_id: Some("C0/1.1".to_owned()), ..row.clone() };
        assert_eq!(outcome(&before, &message(), &waived).as_deref(), Some("Name a lead: Done, or no longer needed."));
        let place = ChatPlace::Person { name: "Kim".to_owned(), account: "U1".to_owned() };
        let ChatOrder::Message(said) = message() else { panic!() };
        let letter = ChatOrder::Message(Box::new(ChatMessage { place, ..*said }));
        assert_eq!(outcome(&row, &letter, &waived).as_deref(), Some("Name a lead: Done, or no longer needed."));
    }

    #[test]
    fn a_page_says_what_became_of_it() {
        let page = |change: fn(&mut page::Model)| {
            let mut page = fixtures::page(1, at(1));
            change(&mut page);
            page
        };
        for (page, expected) in [
            (page(|_| {}), None),
            (page(|page| page.answered_at = Some(at(2))), Some("You have it.")),
            (page(|page| page.lost = Some(PageLoss::Declined)), Some("You can't help: somebody else was paged.")),
            (page(|page| page.lost = Some(PageLoss::Unsent)), None),
        ] {
            let row = posted(Operation::Page, None, Some(&page));
            let found = outcome(&row, &message(), &facts(|whole| whole.pages = vec![page.clone()]));
            assert_eq!(found.as_deref(), expected.map(|text| format!("Name a lead: {text}")).as_deref(), "{page:?}");
        }
    }

    #[test]
    fn the_notice_says_that_it_is_over_as_long_as_it_is() {
        let (row, order) = (posted(Operation::Notice, None, None), ChatOrder::Notice(Notice { text: "The shop is down.".to_owned() }));
        assert_eq!(outcome(&row, &order, &facts(|_| {})), None);
        let resolved = facts(|whole| {
            whole.incident =
                incident::Model { status: IncidentStatus::Resolved, live: false, resolved_at: Some(at(5)), ..whole.incident.clone() };
        });
        let said = outcome(&row, &order, &resolved).expect("it says so");
        assert!(said.starts_with("INC-7 is resolved, since ") && said.ends_with("The shop is down."), "{said}");
    }

    #[test]
    fn the_notice_says_nothing_of_what_has_become_restricted() {
        let (row, order) = (posted(Operation::Notice, None, None), ChatOrder::Notice(Notice { text: "The shop is down.".to_owned() }));
        for status in [IncidentStatus::Fixing, IncidentStatus::Resolved, IncidentStatus::Closed] {
            let restricted = facts(|whole| {
                whole.incident =
                    incident::Model { status, visibility: Visibility::Restricted, resolved_at: Some(at(5)), ..whole.incident.clone() };
            });
            assert_eq!(outcome(&row, &order, &restricted).as_deref(), Some("INC-7 (restricted): "), "{status:?}");
        }
    }
}
