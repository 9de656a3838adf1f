//! What is worth talking about of an incident (R31). Pure: turning points and decisions, not the timeline line by line.

use std::collections::BTreeSet;

use chrono::Duration;
use entity::{EventId, TimelineKind, Timestamp, page, timeline_event};

use crate::report::Told;
use crate::timeline::rollout::{Deployment, Rollout};
use crate::words;

/// How many a review has time for.
const MOST: usize = 12;
/// From how long on a silence in the record is one.
const SILENCE: Duration = Duration::minutes(20);

/// What kind of moment it is. The most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MomentKind {
    /// Somebody marked it.
    Marked,
    /// A change went live past the usual way.
    Bypass,
    /// Somebody was called and did not answer.
    Unanswered,
    /// It became more or less severe.
    SeverityChange,
    /// A role went from one person to another.
    HandOver,
    /// Something was decided.
    Decision,
    /// Somebody was woken or called.
    Called,
    /// Nothing was written for a while.
    Gap,
    /// The work went on to its next stage.
    StatusChange,
    /// Something was found.
    Observation,
}

/// A moment to talk about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What kind it is.
    pub kind: MomentKind,
    /// When it was, or began.
    pub at: Timestamp,
    /// The event of the timeline, if it is one.
    pub event: Option<EventId>,
    /// What it was, in words. People are named in it.
    pub text: String,
}

/// What a facilitator decided about events.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    pub wanted: BTreeSet<EventId>,
    pub unwanted: BTreeSet<EventId>,
}

/// The moments among `events` (in the order in which they happened), `pages` and the silences between, at most twelve besides those that were
/// `chosen`, in their order. `live` is the time in which the team worked on it. Of what was redacted there is nothing to talk about.
pub fn moments(events: &[&Told], pages: &[page::Model], live: (Timestamp, Timestamp), chosen: &Chosen) -> Vec<Moment> {
    let is_meant = |told: &&&Told| !told.is_silent() && !chosen.unwanted.contains(&told.event.id);
    let of_events = events.iter().filter(is_meant).filter_map(|told| {
        let kind = if chosen.wanted.contains(&told.event.id) { Some(MomentKind::Marked) } else { kind(&told.event) };
        Some(Moment { kind: kind?, at: told.at, event: Some(told.event.id), text: told.text.clone() })
    });
    let mut found: Vec<Moment> = of_events.chain(silences(events, live)).chain(unanswered(pages)).collect();
    found.sort_by_key(|moment| (moment.kind, moment.at));
    let marked = found.iter().filter(|moment| moment.kind == MomentKind::Marked).count();
    found.truncate(marked.max(MOST));
    found.sort_by_key(|moment| (moment.at, moment.kind));
    found
}

fn kind(event: &timeline_event::Model) -> Option<MomentKind> {
    if event.starred {
        return Some(MomentKind::Marked);
    }
    let details = || event.details.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()).unwrap_or_default();
    match event.kind {
        TimelineKind::Change => (Rollout::of(&details())?.deployed == Deployment::Bypass).then_some(MomentKind::Bypass),
        TimelineKind::SeverityChanged => Some(MomentKind::SeverityChange),
        TimelineKind::RoleChanged => {
            let details = details();
            let was_held = details["from"].as_array().is_some_and(|from| !from.is_empty());
            (was_held && details["to"].is_string()).then_some(MomentKind::HandOver)
        }
        TimelineKind::Decision => Some(MomentKind::Decision),
        TimelineKind::Escalated => Some(MomentKind::Called),
        TimelineKind::StatusChanged | TimelineKind::Reopened => Some(MomentKind::StatusChange),
        TimelineKind::Finding => Some(MomentKind::Observation),
        _ => None,
    }
}

/// The times while the team worked in which nothing was written.
fn silences<'a>(events: &'a [&Told], (from, until): (Timestamp, Timestamp)) -> impl Iterator<Item = Moment> + 'a {
    let within = events.iter().map(|told| told.at).filter(move |at| *at >= from && *at <= until);
    let mut before = from;
    within.chain([until]).filter_map(move |at| {
        let silence = at - std::mem::replace(&mut before, at);
        let text = format!("Nothing was written for {}", words::span(silence));
        (silence > SILENCE).then(|| Moment { kind: MomentKind::Gap, at: at - silence, event: None, text })
    })
}

fn unanswered(pages: &[page::Model]) -> impl Iterator<Item = Moment> + '_ {
    pages.iter().filter(|page| page.answered_at.is_none()).map(|page| Moment {
        kind: MomentKind::Unanswered,
        at: page.paged_at,
        event: None,
        text: "A call was not answered".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use entity::{IncidentId, Source};
    use uuid::Uuid;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::minutes(minute)
    }

    fn event(id: u128, minute: i64, kind: TimelineKind, details: Option<&str>, starred: bool) -> timeline_event::Model {
        timeline_event::Model {
            id: EventId(Uuid::from_u128(id)),
            incident_id: IncidentId(Uuid::nil()),
            sequence: i32::try_from(id).unwrap(),
            kind,
            occurred_at: at(minute),
            recorded_at: at(minute),
            actor_id: None,
            source: Source::Web,
            text: format!("{kind} at {minute}"),
            details: details.map(str::to_owned),
            amends_id: None,
            starred,
            hash: Vec::new(),
            redacted_at: None,
        }
    }

    fn told(events: &[timeline_event::Model], until: i64, chosen: &Chosen) -> Vec<(i64, MomentKind)> {
        let as_told = |event: &timeline_event::Model| Told {
            text: event.text.clone(),
            at: event.occurred_at,
            is_corrected: false,
            event: event.clone(),
        };
        let told: Vec<Told> = events.iter().map(as_told).collect();
        let moments = moments(&told.iter().collect::<Vec<_>>(), &[], (at(0), at(until)), chosen);
        moments.iter().map(|moment| ((moment.at - at(0)).num_minutes(), moment.kind)).collect()
    }

    #[test]
    fn turning_points_are_moments_and_the_rest_of_the_timeline_is_not() {
        use MomentKind::{Bypass, Gap, HandOver, Marked, SeverityChange, StatusChange};
        let bypass = r#"{"change":{"tried":null,"deployed":"BYPASS","reason":"fast"}}"#;
        let usual = r#"{"change":{"tried":"on staging","deployed":"NORMAL","reason":null}}"#;
        let events = [
            event(1, 1, TimelineKind::Note, None, false),
            event(2, 2, TimelineKind::SeverityChanged, None, false),
            event(3, 3, TimelineKind::RoleChanged, Some(r#"{"from":[],"to":"per_1"}"#), false),
            event(4, 4, TimelineKind::RoleChanged, Some(r#"{"from":["per_1"],"to":"per_2"}"#), false),
            event(5, 5, TimelineKind::Change, Some(usual), false),
            event(6, 6, TimelineKind::Change, Some(bypass), false),
            event(7, 27, TimelineKind::Note, None, true),
            event(8, 28, TimelineKind::StatusChanged, None, false),
        ];
        let expected = [(2, SeverityChange), (4, HandOver), (6, Bypass), (6, Gap), (27, Marked), (28, StatusChange)];
        assert_eq!(told(&events, 30, &Chosen::default()), expected);
        let chosen = Chosen { wanted: [events[0].id].into(), unwanted: [events[6].id, events[1].id].into() };
        assert_eq!(told(&events, 30, &chosen), [(1, Marked), (4, HandOver), (6, Bypass), (6, Gap), (28, StatusChange)]);
    }

    #[test]
    fn of_many_the_most_telling_stay_and_whatever_was_marked() {
        let findings = (0..20).map(|minute| event(minute, i64::try_from(minute).unwrap(), TimelineKind::Finding, None, false));
        let mut events: Vec<_> = findings.chain([event(30, 19, TimelineKind::Decision, None, false)]).collect();
        let told_of = told(&events, 20, &Chosen::default());
        assert_eq!(told_of.len(), MOST);
        assert!(told_of.contains(&(19, MomentKind::Decision)));
        for event in &mut events {
            event.starred = true;
        }
        assert_eq!(told(&events, 20, &Chosen::default()).len(), 21, "a person marked them all");
    }

    #[test]
    fn a_silence_longer_than_twenty_minutes_is_a_moment_wherever_it_is() {
        let note = |id, minute| event(id, minute, TimelineKind::Note, None, false);
        let gaps = |events: &[timeline_event::Model], until| told(events, until, &Chosen::default());
        assert_eq!(gaps(&[note(1, 21), note(2, 41)], 60), [(0, MomentKind::Gap)]);
        assert_eq!(gaps(&[note(1, 5)], 26), [(5, MomentKind::Gap)]);
        assert_eq!(gaps(&[], 20), []);
        assert_eq!(gaps(&[], 21), [(0, MomentKind::Gap)]);
    }
}
