//! What the hash chain of a timeline covers, by the rule of [`crate::chain`].

use entity::{EventId, IncidentId, PersonId, Source, TimelineKind, timeline_event};
use serde::Serialize;

use crate::chain::link;

/// What is hashed of an event, in this order. The star is left out, because people change their minds about it, and that it was
/// redacted, which comes later.
#[derive(Serialize)]
struct Hashed<'a> {
    incident: IncidentId,
    id: EventId,
    sequence: i32,
    kind: TimelineKind,
    occurred_at_micros: i64,
    recorded_at_micros: i64,
    actor: Option<PersonId>,
    source: Source,
    text: &'a str,
    details: Option<&'a str>,
    amends: Option<EventId>,
}

/// The hash of `event`, which follows the event whose hash is `previous`.
pub fn hash(previous: &[u8], event: &timeline_event::Model) -> Vec<u8> {
    let hashed = Hashed {
        incident: event.incident_id,
        id: event.id,
        sequence: event.sequence,
        kind: event.kind,
        occurred_at_micros: event.occurred_at.timestamp_micros(),
        recorded_at_micros: event.recorded_at.timestamp_micros(),
        actor: event.actor_id,
        source: event.source,
        text: &event.text,
        details: event.details.as_deref(),
        amends: event.amends_id,
    };
    link(previous, &hashed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::START;
    use chrono::DateTime;
    use uuid::Uuid;

    fn event() -> timeline_event::Model {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        timeline_event::Model {
            id: EventId(Uuid::from_u128(1)),
            incident_id: IncidentId(Uuid::from_u128(2)),
            sequence: 1,
            kind: TimelineKind::Note,
            occurred_at: at,
            recorded_at: at,
            actor_id: None,
            source: Source::Api,
            text: "disk full".into(),
            details: None,
            amends_id: None,
            starred: false,
            hash: Vec::new(),
            redacted_at: None,
        }
    }

    #[test]
    fn every_field_but_the_star_is_hashed() {
        let original = hash(&START, &event());
        let altered: [fn(&mut timeline_event::Model); 9] = [
            |e| e.id = EventId(Uuid::from_u128(9)),
            |e| e.incident_id = IncidentId(Uuid::from_u128(9)),
            |e| e.sequence = 2,
            |e| e.kind = TimelineKind::Command,
            |e| e.occurred_at += chrono::Duration::microseconds(1),
            |e| e.recorded_at += chrono::Duration::microseconds(1),
            |e| e.actor_id = Some(PersonId(Uuid::from_u128(3))),
            |e| e.text.push('!'),
            |e| e.details = Some("{}".into()),
        ];
        for alter in altered {
            let mut other = event();
            alter(&mut other);
            assert_ne!(hash(&START, &other), original);
        }
        assert_eq!(hash(&START, &timeline_event::Model { starred: true, ..event() }), original);
        assert_ne!(hash(&[1; 32], &event()), original);
    }

    #[test]
    fn the_format_is_fixed() {
        // Computed independently of this code; changing the format would break every existing chain.
        let expected = "53542d54";
        assert_eq!(hex::encode(hash(&START, &event()))[..8], *expected);
    }
}
