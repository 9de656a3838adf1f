//! What was taken out of a timeline, as its REDACTIONs say (R16). Pure.
//!
//! The hash of an event covers what it said, so that of a redacted one can't be computed any more: it is taken as it is stored, because the
//! next event's hash covers it. That Muster took it out, and that what is left of the event (who, when, of which kind) is as it was, is proved by
//! the REDACTION, which is an event of the chain like any other.

use std::collections::HashMap;

use entity::{TimelineKind, timeline_event};
use serde::{Deserialize, Serialize};

use super::chain::hash;
use crate::chain::Link;

/// What stands in the place of what a redacted event said.
pub const REDACTED: &str = "(redacted)";

/// What `event` says to people.
pub fn shown(event: &timeline_event::Model) -> &str {
    if event.redacted_at.is_some() { REDACTED } else { &event.text }
}

/// The details of a REDACTION. Stored, so that names must never change.
#[derive(Debug, Serialize, Deserialize)]
pub struct Redaction {
    /// The numbers of the events that were emptied.
    pub sequences: Vec<i32>,
    /// Why.
    pub reason: String,
    /// The seal of each.
    pub seals: Vec<String>,
}

/// Covers what is left of an event, and the hash that it keeps. In hex.
pub fn seal(emptied: &timeline_event::Model) -> String {
    hex::encode(hash(&emptied.hash, emptied))
}

/// The events of one timeline that were redacted, by their numbers, with their seals.
#[derive(Default)]
pub struct Redactions(HashMap<i32, String>);

impl Redactions {
    /// What the REDACTIONs among `events` say. Each can only be about what was there before it.
    pub fn of(events: &[timeline_event::Model]) -> Self {
        let redactions = events.iter().filter(|event| event.kind == TimelineKind::Redaction);
        let named = redactions.filter_map(|event| {
            let said: Redaction = serde_json::from_str(event.details.as_deref()?).ok()?;
            Some(said.sequences.into_iter().zip(said.seals).filter(|(sequence, _)| *sequence < event.sequence))
        });
        Self(named.flatten().collect())
    }

    /// Whether the event with this number was redacted.
    pub fn has(&self, sequence: i32) -> bool {
        self.0.contains_key(&sequence)
    }

    /// These events of the timeline as links of its chain.
    pub fn standing<'a>(&'a self, events: &'a [timeline_event::Model]) -> Vec<Standing<'a>> {
        events.iter().map(|event| Standing { event, redactions: self }).collect()
    }

    /// Whether `event` is as it was left when it was redacted.
    fn vouch_for(&self, event: &timeline_event::Model) -> bool {
        self.0.get(&event.sequence).is_some_and(|known| *known == seal(event))
    }
}

/// An event as a link of its chain: as it was written, or as it was left when it was redacted.
pub struct Standing<'a> {
    /// The event.
    pub event: &'a timeline_event::Model,
    /// Those of its timeline.
    pub redactions: &'a Redactions,
}

impl Link for Standing<'_> {
    fn sequence(&self) -> i32 {
        self.event.sequence
    }

    fn hash(&self) -> &[u8] {
        &self.event.hash
    }

    fn hash_after(&self, previous: &[u8]) -> Vec<u8> {
        match self.event.redacted_at {
            None => hash(previous, self.event),
            Some(_) if self.redactions.vouch_for(self.event) => self.event.hash.clone(),
            // No hash, which fits nothing.
            Some(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::{EventId, IncidentId, Source, Timestamp};
    use uuid::Uuid;

    use super::*;
    use crate::chain::{START, Walk};

    fn event(sequence: i32, kind: TimelineKind, details: Option<String>) -> timeline_event::Model {
        timeline_event::Model {
            id: EventId(Uuid::from_u128(u128::from(sequence.unsigned_abs()))),
            incident_id: IncidentId(Uuid::nil()),
            sequence,
            kind,
            occurred_at: Timestamp::UNIX_EPOCH,
            recorded_at: Timestamp::UNIX_EPOCH,
            actor_id: None,
            source: Source::Web,
            text: format!("event {sequence}"),
            details,
            amends_id: None,
            starred: false,
            hash: Vec::new(),
            redacted_at: None,
        }
    }

    /// Three events, of which the third says that the second was redacted.
    fn story() -> Vec<timeline_event::Model> {
        let mut events = vec![event(1, TimelineKind::Note, None), event(2, TimelineKind::Note, Some("{}".to_owned()))];
        events[0].hash = hash(&START, &events[0]);
        events[1].hash = hash(&events[0].hash, &events[1]);
        events[1] =
            timeline_event::Model { text: String::new(), details: None, redacted_at: Some(Timestamp::UNIX_EPOCH), ..events[1].clone() };
        let said = Redaction { sequences: vec![2], reason: "a password".to_owned(), seals: vec![seal(&events[1])] };
        let mut last = event(3, TimelineKind::Redaction, serde_json::to_string(&said).ok());
        last.hash = hash(&events[1].hash, &last);
        events.push(last);
        events
    }

    /// How far a walk along `events` gets.
    fn reached(events: &[timeline_event::Model]) -> i32 {
        let redactions = Redactions::of(events);
        let mut walk = Walk::begin();
        walk.follow(&redactions.standing(events));
        walk.reached()
    }

    #[test]
    fn a_redacted_event_stands_as_it_was_left() {
        let events = story();
        assert_eq!(reached(&events), 3);
        assert_eq!((shown(&events[0]), shown(&events[1])), ("event 1", REDACTED));
        let alterations: [fn(&mut timeline_event::Model); 7] = [
            |event| event.text = "event 2".to_owned(),
            |event| event.details = Some("{}".to_owned()),
            |event| event.kind = TimelineKind::Command,
            |event| event.source = Source::Slack,
            |event| event.occurred_at += chrono::Duration::seconds(1),
            |event| event.hash = vec![0; 32],
            |event| event.redacted_at = None,
        ];
        for alter in alterations {
            let mut events = story();
            alter(&mut events[1]);
            assert_eq!(reached(&events), 1);
        }
    }

    #[test]
    fn nothing_but_a_later_redaction_vouches_for_it() {
        let mut events = story();
        events[0].redacted_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(reached(&events), 0, "no REDACTION names it");
        let mut events = story();
        events[2].kind = TimelineKind::Note;
        assert_eq!(reached(&events), 1, "a note says so");
        let mut events = story();
        events[2].sequence = 2;
        assert!(!Redactions::of(&events[2..]).has(2), "it names what was not there yet");
    }
}
