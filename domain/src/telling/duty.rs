//! The record of the duty to inform leadership (R14): which contacts were told, when, and whether they answered.
//!
//! None of it is entered by hand: it is derived from the pages, from the deliveries that carried them, and from the steps that people
//! settled. The step keys `leadership:<contact>` and `leadership-fallback:<contact>` link the three.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{DeliveryState, IncidentId, Operation, PersonId, Timestamp, delivery, incident, page, step};

use crate::ctx::Ctx;
use crate::delivery::rows_of_incidents;
use crate::error::Result;
use crate::incident::kept::Version;
use crate::incident::parts;
use crate::playbook::steps::concerns_leadership;
use crate::playbook::{Playbook, Rule};
use crate::record::leadership_cause_at;
use crate::telling::answers;
use crate::telling::roster::Roster;

/// What is known about one of the playbook's contacts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadershipNotice {
    /// The contact's key in the playbook, e.g. `dpo`.
    pub contact: String,
    /// What people call the contact.
    pub title: String,
    /// The person who was paged, or else the one who would be.
    pub person: Option<PersonId>,
    /// When they were paged, or somebody was asked to tell them.
    pub called_at: Option<Timestamp>,
    /// When the message is known to have reached them: the mail arrived, a person told them, or they answered.
    pub told_at: Option<Timestamp>,
    /// When they confirmed that they know.
    pub answered_at: Option<Timestamp>,
    /// When somebody else was told instead because they did not answer.
    pub fallback_at: Option<Timestamp>,
    /// Who was told instead.
    pub fallback_person: Option<PersonId>,
    /// The overall state.
    pub state: DutyState,
}

/// How far informing one contact has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DutyState {
    /// Nothing has been done yet.
    NotTold,
    /// They were paged; whether the message arrived is not known.
    Called,
    /// The message arrived; they have not answered.
    Told,
    /// They did not answer in time, and somebody else was told.
    Fallback,
    /// They know.
    Answered,
    /// Somebody decided that they need not be told.
    Waived,
}

/// The record of incidents that the caller has seen, in the playbook's order of contacts. Empty for an incident that never concerned
/// leadership.
pub async fn leadership_of(ctx: &Ctx, incidents: &[Arc<incident::Model>]) -> Result<HashMap<IncidentId, Vec<LeadershipNotice>>> {
    let ids: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let versions: Vec<Version> = incidents.iter().map(|incident| Version::from(&**incident)).collect();
    let (pages, deliveries, steps, roster) = tokio::try_join!(
        answers::of_incidents(ctx, &ids),
        rows_of_incidents(ctx, &ids),
        parts::of::<step::Entity>(ctx, &versions),
        Roster::load(ctx)
    )?;
    let playbook = ctx.playbook();
    let record = |incident: &Arc<incident::Model>| Record {
        pages: pages.iter().filter(|row| row.incident_id == incident.id).collect(),
        deliveries: deliveries.iter().filter(|row| row.incident_id == Some(incident.id)).collect(),
        steps: parts::rows(&steps, Version::from(&**incident)).iter().collect(),
    };
    Ok(incidents.iter().map(|incident| (incident.id, record(incident).notices(incident, &playbook, &roster))).collect())
}

/// The rows of one incident.
#[derive(Default)]
struct Record<'a> {
    pages: Vec<&'a page::Model>,
    deliveries: Vec<&'a delivery::Model>,
    steps: Vec<&'a step::Model>,
}

impl Record<'_> {
    fn notices(&self, incident: &incident::Model, playbook: &Playbook, roster: &Roster) -> Vec<LeadershipNotice> {
        let concerned = incident.declared_at.is_some() && concerns_leadership(incident.severity, incident.flags);
        let since = leadership_cause_at(incident);
        let notices = playbook.leadership_contacts.iter().map(|contact| self.notice(contact, since, playbook, roster));
        // What was done stays on the record even when it is no longer required.
        notices.filter(|notice| concerned || notice.state != DutyState::NotTold).collect()
    }

    /// What was said before `since` was about another cause.
    fn notice(&self, contact: &str, since: Option<Timestamp>, playbook: &Playbook, roster: &Roster) -> LeadershipNotice {
        let direct = self.word(Rule::Leadership, contact, since);
        let fallback = self.word(Rule::LeadershipFallback, contact, since);
        let state = match (&direct, &fallback) {
            (word, _) if word.answered_at.is_some() => DutyState::Answered,
            (word, _) if word.waived => DutyState::Waived,
            (_, word) if word.called_at.is_some() => DutyState::Fallback,
            (word, _) if word.told_at.is_some() => DutyState::Told,
            (word, _) if word.called_at.is_some() => DutyState::Called,
            _ => DutyState::NotTold,
        };
        LeadershipNotice {
            contact: contact.to_owned(),
            title: playbook.contact_title(contact).to_owned(),
            person: direct.person.or_else(|| roster.contact(playbook, contact).map(|person| person.id)),
            called_at: direct.called_at,
            told_at: direct.told_at,
            answered_at: direct.answered_at,
            fallback_at: fallback.called_at,
            fallback_person: fallback.person,
            state,
        }
    }

    /// What became of one step.
    fn word(&self, rule: Rule, contact: &str, since: Option<Timestamp>) -> Word {
        let key = format!("{rule}:{contact}");
        let counts = |at: Timestamp| since.is_none_or(|since| at >= since);
        let is_it = |found: Option<&str>| found == Some(&*key);
        let pages: Vec<&page::Model> = self.pages.iter().copied().filter(|row| is_it(row.step_key.as_deref())).collect();
        let pages: Vec<&page::Model> =
            pages.into_iter().filter(|row| counts(row.paged_at) || row.answered_at.is_some_and(counts)).collect();
        // A reminder of the step goes to the incident lead, not to the contact.
        let is_word = |row: &&&delivery::Model| matches!(row.operation, Operation::Page | Operation::Tell);
        let carried = || self.deliveries.iter().filter(|row| is_it(row.step_key.as_deref()) && counts(row.created_at)).filter(is_word);
        let settled = self.steps.iter().find(|row| row.key == key && row.settled_at.is_some_and(counts));
        let settled_at = settled.filter(|row| !row.waived).and_then(|row| row.settled_at);
        let answered_at = pages.iter().filter_map(|row| row.answered_at).chain(settled_at).min();
        let arrived = carried().filter(|row| matches!(row.state, DeliveryState::Delivered | DeliveryState::DoneByHand));
        Word {
            person: pages.last().map(|row| row.person_id),
            called_at: pages.iter().map(|row| row.paged_at).chain(carried().map(|row| row.created_at)).chain(settled_at).min(),
            told_at: arrived.filter_map(|row| row.delivered_at).chain(answered_at).min(),
            answered_at,
            waived: settled.is_some_and(|row| row.waived),
        }
    }
}

/// What became of the message to one contact.
struct Word {
    person: Option<PersonId>,
    called_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    waived: bool,
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone, Utc};
    use entity::{PageId, PageReason, System};
    use uuid::Uuid;

    use super::*;
    use crate::fixtures;
    use crate::incident::marks::unmarked;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap() + Duration::minutes(minutes)
    }

    fn page(key: &str, person: u128, answered_at: Option<Timestamp>) -> page::Model {
        page::Model {
            id: PageId(Uuid::from_u128(person)),
            reason: PageReason::Leadership,
            step_key: Some(key.to_owned()),
            answered_at,
            ..fixtures::page(person, at(0))
        }
    }

    fn delivery(key: &str, state: DeliveryState, delivered_at: Option<Timestamp>) -> delivery::Model {
        let order = fixtures::delivery(System::Email, Operation::Tell, at(1));
        delivery::Model { state, step_key: Some(key.to_owned()), delivered_at, ..order }
    }

    fn settled(key: &str, waived: bool) -> step::Model {
        step::Model { settled_at: Some(at(9)), waived, ..unmarked(IncidentId(Uuid::nil()), key, at(0)) }
    }

    fn of_dpo(pages: &[page::Model], deliveries: &[delivery::Model], steps: &[step::Model]) -> LeadershipNotice {
        let record = Record { pages: pages.iter().collect(), deliveries: deliveries.iter().collect(), steps: steps.iter().collect() };
        record.notice("dpo", None, &Playbook::default(), &Roster::default())
    }

    const DIRECT: &str = "leadership:dpo";
    const FALLBACK: &str = "leadership-fallback:dpo";

    #[test]
    fn without_rows_nobody_was_told() {
        let notice = of_dpo(&[], &[], &[]);
        assert_eq!((notice.state, notice.called_at, notice.told_at), (DutyState::NotTold, None, None));
        // Another contact's rows do not count.
        let other = "leadership:cto";
        let notice =
            of_dpo(&[page(other, 1, Some(at(2)))], &[delivery(other, DeliveryState::Delivered, Some(at(1)))], &[settled(other, false)]);
        assert_eq!(notice.state, DutyState::NotTold);
    }

    #[test]
    fn a_page_alone_does_not_prove_that_the_message_arrived() {
        let (call, person) = (page(DIRECT, 7, None), PersonId(Uuid::from_u128(7)));
        let notice = of_dpo(std::slice::from_ref(&call), &[delivery(DIRECT, DeliveryState::Queued, None)], &[]);
        assert_eq!((notice.state, notice.called_at, notice.told_at, notice.person), (DutyState::Called, Some(at(0)), None, Some(person)));
        let notice = of_dpo(&[call], &[delivery(DIRECT, DeliveryState::Delivered, Some(at(3)))], &[]);
        assert_eq!((notice.state, notice.told_at, notice.answered_at), (DutyState::Told, Some(at(3)), None));
    }

    #[test]
    fn a_reminder_of_the_step_does_not_count_as_telling_the_contact() {
        let reminder = delivery::Model { operation: Operation::Remind, ..delivery(DIRECT, DeliveryState::Delivered, Some(at(1))) };
        assert_eq!(of_dpo(&[], &[reminder], &[]).state, DutyState::NotTold);
    }

    #[test]
    fn a_contact_who_answers_was_told() {
        let notice = of_dpo(&[page(DIRECT, 7, Some(at(4)))], &[delivery(DIRECT, DeliveryState::ByHand, None)], &[]);
        assert_eq!((notice.state, notice.told_at, notice.answered_at), (DutyState::Answered, Some(at(4)), Some(at(4))));
    }

    #[test]
    fn a_contact_without_a_person_is_told_by_hand() {
        let notice = of_dpo(&[], &[delivery(DIRECT, DeliveryState::ByHand, None)], &[]);
        assert_eq!((notice.state, notice.called_at, notice.told_at), (DutyState::Called, Some(at(1)), None));
        let notice = of_dpo(&[], &[delivery(DIRECT, DeliveryState::DoneByHand, Some(at(5)))], &[]);
        assert_eq!((notice.state, notice.told_at, notice.person), (DutyState::Told, Some(at(5)), None));
        // By a phone call that nobody asked for.
        let notice = of_dpo(&[], &[], &[settled(DIRECT, false)]);
        assert_eq!(
            (notice.state, notice.called_at, notice.told_at, notice.answered_at),
            (DutyState::Answered, Some(at(9)), Some(at(9)), Some(at(9)))
        );
    }

    #[test]
    fn the_fallback_counts_until_the_contact_answers() {
        let calls = [page(DIRECT, 7, None), page(FALLBACK, 8, Some(at(16)))];
        let notice = of_dpo(&calls, &[], &[]);
        assert_eq!((notice.state, notice.fallback_at, notice.answered_at), (DutyState::Fallback, Some(at(0)), None));
        assert_eq!(notice.fallback_person, Some(PersonId(Uuid::from_u128(8))));
        let calls = [page(DIRECT, 7, Some(at(20))), page(FALLBACK, 8, Some(at(16)))];
        assert_eq!(of_dpo(&calls, &[], &[]).state, DutyState::Answered);
    }

    #[test]
    fn a_waiver_is_not_an_answer() {
        let notice = of_dpo(&[], &[], &[settled(DIRECT, true)]);
        assert_eq!((notice.state, notice.told_at, notice.answered_at), (DutyState::Waived, None, None));
    }
}
