//! Events that are about another incident as well: two were merged, or a ticket went from one to the other.
//!
//! Whoever sees the one may not be allowed to know of the other, now or later. So the text of such an event doesn't name it: the details
//! have its id, and readers who may know of it are shown it. Events from before do name it. Their text is under the hash and stays as it
//! is, but is read out only to those who may know of the other incident, and is not searched.

use entity::{IncidentId, TimelineKind, timeline_event};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Condition, ExprTrait};

/// On the timeline of an incident that ends.
pub const MERGED_INTO: &str = "Merged into another incident";
/// On the timeline of an incident that goes on.
pub const MERGED_FROM: &str = "Another incident was merged into this one";

/// The keys of details that have the other incident's id.
const KEYS: [&str; 3] = ["into", "from", "incident"];
/// How an event began that named the incident whose tickets were taken over.
const TOOK_OVER_NAMED: &str = "Took over from INC-";

/// What is recorded when tickets are taken over, which are written like `#42, #43`.
pub fn took_over(tickets: &str) -> String {
    format!("Took over from another incident: {tickets}")
}

/// The other incident that `event` is about.
pub fn other_incident(event: &timeline_event::Model) -> Option<IncidentId> {
    if !matches!(event.kind, TimelineKind::Merged | TimelineKind::Ticket) {
        return None;
    }
    let details: serde_json::Value = serde_json::from_str(event.details.as_deref()?).ok()?;
    KEYS.iter().find_map(|key| IncidentId::parse(details[key].as_str()?))
}

/// What `event` says to those who may not know of the other incident, if its text names that.
pub fn without_name(event: &timeline_event::Model) -> Option<String> {
    let discreet = match event.kind {
        TimelineKind::Merged if event.details.as_deref()?.contains("\"into\"") => MERGED_INTO.to_owned(),
        TimelineKind::Merged => MERGED_FROM.to_owned(),
        TimelineKind::Ticket if event.text.starts_with(TOOK_OVER_NAMED) => took_over(event.text.split_once(": ")?.1),
        _ => return None,
    };
    (event.text != discreet).then_some(discreet)
}

/// The condition that an event's text names no other incident: what some may not know can't be searched for by anybody.
pub fn names_none() -> Condition {
    use timeline_event::Column::{Kind, Text};
    let took_over = Kind.eq(TimelineKind::Ticket).and(Text.starts_with(TOOK_OVER_NAMED));
    Condition::all().add(Kind.ne(TimelineKind::Merged)).add(took_over.not())
}

/// The same of an event at hand, whose text is `text`.
pub fn is_searched(kind: TimelineKind, text: &str) -> bool {
    kind != TimelineKind::Merged && !(kind == TimelineKind::Ticket && text.starts_with(TOOK_OVER_NAMED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{EventId, Source};
    use uuid::Uuid;

    fn event(kind: TimelineKind, text: &str, details: &str) -> timeline_event::Model {
        let at = chrono::DateTime::from_timestamp_micros(1_800_000_000_000_000).unwrap();
        timeline_event::Model {
            id: EventId(Uuid::from_u128(1)),
            incident_id: IncidentId(Uuid::from_u128(2)),
            sequence: 1,
            kind,
            occurred_at: at,
            recorded_at: at,
            actor_id: None,
            source: Source::Api,
            text: text.into(),
            details: Some(details.into()),
            amends_id: None,
            starred: false,
            hash: Vec::new(),
            redacted_at: None,
        }
    }

    #[test]
    fn what_names_another_incident_can_be_said_without_its_name() {
        use TimelineKind::{Merged, Note, Ticket};
        let id = IncidentId(Uuid::from_u128(7));
        for (kind, text, key, expected) in [
            (Merged, "Merged into INC-7: a stranger", "into", Some(MERGED_INTO)),
            (Merged, "INC-7 was merged into this one: a stranger", "from", Some(MERGED_FROM)),
            (Merged, MERGED_INTO, "into", None),
            (Merged, MERGED_FROM, "from", None),
            (Ticket, "Took over from INC-7: #42, #43", "from", Some("Took over from another incident: #42, #43")),
            (Ticket, "Took over from another incident: #42", "from", None),
            (Ticket, "Ticket #42 was merged into #43", "incident", None),
        ] {
            let event = event(kind, text, &format!("{{\"{key}\":\"{id}\"}}"));
            assert_eq!((other_incident(&event), without_name(&event).as_deref()), (Some(id), expected), "{text}");
            assert_eq!(is_searched(kind, text), kind == Ticket && expected.is_none(), "{text}");
        }
        // What people write is theirs.
        let note = event(Note, "Merged into INC-7", &format!("{{\"into\":\"{id}\"}}"));
        assert_eq!((other_incident(&note), without_name(&note)), (None, None));
        assert_eq!(other_incident(&event(Ticket, "The status changed", "{\"from\":\"open\",\"link\":\"LINKED\"}")), None);
    }
}
