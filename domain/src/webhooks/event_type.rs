//! The catalogue of events that are posted to endpoints. Names are a contract, as is what the changes of each may hold: add, don't rename.

use entity::TimelineKind;
use serde_json::{Map, Value};

/// Characters of a text among an event's changes: ids and names of ours are shorter, and what people write is not meant to be there.
const TEXT_CHARS: usize = 100;
/// Entries of a list among an event's changes.
const LIST_ITEMS: usize = 100;

macro_rules! event_types {
    ($($(#[doc = $about:literal])+ $variant:ident = $name:literal [$($key:literal)*],)+) => {
        /// What a message is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventType {
            $($(#[doc = $about])+ $variant,)+
        }

        impl EventType {
            /// Every one, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, which receivers know.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What happened, for people.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($about),+).trim_ascii(),)+
                }
            }

            /// What of an event's details is posted: ids and values of ours, no words of people.
            fn keys(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($key),*],)+
                }
            }
        }
    };
}

event_types! {
    /// Something was reported that needs triage.
    IncidentReported = "incident.reported" [],
    /// It was declared an incident.
    IncidentDeclared = "incident.declared" ["severity" "flags"],
    /// It was not an incident.
    IncidentDeclined = "incident.declined" [],
    /// It turned out to be the same as another incident.
    IncidentMerged = "incident.merged" ["into"],
    /// Another incident was merged into this one.
    IncidentAbsorbed = "incident.absorbed" ["from"],
    /// People changed its name, sites or other facts; `fields` names them.
    IncidentChanged = "incident.changed" ["fields"],
    /// The severity changed.
    SeverityChanged = "incident.severity_changed" ["from" "to" "lowered"],
    /// The status changed while it is live.
    StatusChanged = "incident.status_changed" ["from" "to"],
    /// A role was given, offered, handed over or ended.
    RoleChanged = "incident.role_changed" ["role" "from" "to" "offer"],
    /// The summary for people outside the response was posted.
    UpdatePosted = "incident.update_posted" [],
    /// Service is back.
    IncidentResolved = "incident.resolved" [],
    /// It was not over after all.
    IncidentReopened = "incident.reopened" ["from"],
    /// All done.
    IncidentClosed = "incident.closed" [],
    /// A person was paged, or could not be.
    PageSent = "page.sent" ["page" "person" "reason" "step" "lost"],
    /// A person answered a page, or somebody for them.
    PageAnswered = "page.answered" ["page" "person" "lost"],
    /// Whom somebody was paged as can't come any more: somebody else is paged instead.
    PageLost = "page.lost" ["person" "lost"],
    /// Second line was asked for help.
    PageEscalated = "page.escalated" ["to"],
    /// A client was marked as affected, or no longer affected.
    ClientAffected = "client.affected" ["client" "affected"],
    /// Clients were sent an update.
    ClientUpdateSent = "client_update.sent" ["clientUpdate" "count" "approvedBy"],
    /// A follow-up was added.
    FollowUpAdded = "follow_up.added" ["followUp" "state" "board" "owner" "dueOn"],
    /// A follow-up was changed, here or on its card.
    FollowUpChanged = "follow_up.changed" ["followUp" "state"],
    /// A follow-up was done, dropped, or is to be done after all.
    FollowUpSettled = "follow_up.settled" ["followUp" "state"],
    /// The report was begun.
    ReportBegun = "report.begun" [],
    /// The report was given to readers.
    ReportCirculated = "report.circulated" ["readers"],
    /// The report was finished.
    ReportFinalised = "report.finalised" [],
    /// A finished report was taken back to be changed.
    ReportTakenBack = "report.taken_back" [],
    /// What a client gets of the report was approved.
    ReportApproved = "report.approved" ["client" "sha256"],
    /// The report went to its readers outside.
    ReportPublished = "report.published" ["client" "sha256"],
    /// Something else about the report.
    ReportChanged = "report.changed" [],
    /// A review was planned.
    ReviewPlanned = "review.planned" ["startsAt" "facilitator"],
    /// The plan of a review changed.
    ReviewMoved = "review.moved" ["startsAt" "facilitator"],
    /// A review was called off.
    ReviewCalledOff = "review.called_off" [],
    /// A review began.
    ReviewBegun = "review.begun" [],
    /// A review was held.
    ReviewHeld = "review.held" [],
    /// Something else about the review.
    ReviewChanged = "review.changed" [],
    /// An action was added, done or dropped.
    ActionChanged = "action.changed" ["action" "state"],
    /// A goal was met, or no longer is.
    GoalChanged = "goal.changed" ["goal" "met"],
    /// A ticket was created, linked or changed.
    TicketChanged = "ticket.changed" ["ticket" "number" "parent" "link" "client"],
    /// An alert fired, fired again, ended, began to flap or settled.
    AlertHeard = "alert.heard" ["alert" "source" "firing"],
    /// Somebody wrote a note.
    TimelineNote = "timeline.note" [],
    /// Somebody ran a command.
    TimelineCommand = "timeline.command" [],
    /// Somebody made a change.
    TimelineChange = "timeline.change" [],
    /// Somebody found something out.
    TimelineFinding = "timeline.finding" [],
    /// Something was decided.
    TimelineDecision = "timeline.decision" [],
    /// A message was taken from the chat.
    TimelineMessage = "timeline.message" [],
    /// A file was added.
    TimelineFile = "timeline.file" [],
    /// Muster reminded somebody of a step.
    TimelinePrompt = "timeline.prompt" [],
    /// A step of the playbook was settled.
    TimelineStep = "timeline.step" ["step" "rule" "waived"],
    /// Something was done at an outside system, or failed there.
    TimelineDelivery = "timeline.delivery" ["delivery" "system" "state"],
    /// An earlier event was corrected.
    TimelineAmendment = "timeline.amendment" ["sequence"],
    /// What earlier events said was taken out.
    TimelineRedaction = "timeline.redaction" ["sequences"],
    /// A test, asked for by an administrator. It is about no incident, and is sent whatever else the endpoint wants.
    Test = "webhook.test" [],
}

impl EventType {
    /// What an event of this kind is, unless what records it knows better.
    pub fn of(kind: TimelineKind) -> Self {
        match kind {
            TimelineKind::Reported => Self::IncidentReported,
            TimelineKind::Declared => Self::IncidentDeclared,
            TimelineKind::Declined => Self::IncidentDeclined,
            TimelineKind::Merged => Self::IncidentMerged,
            TimelineKind::Alert => Self::AlertHeard,
            TimelineKind::Note => Self::TimelineNote,
            TimelineKind::Command => Self::TimelineCommand,
            TimelineKind::Change => Self::TimelineChange,
            TimelineKind::Finding => Self::TimelineFinding,
            TimelineKind::Decision => Self::TimelineDecision,
            TimelineKind::Update => Self::UpdatePosted,
            TimelineKind::Message => Self::TimelineMessage,
            TimelineKind::File => Self::TimelineFile,
            TimelineKind::SeverityChanged => Self::SeverityChanged,
            TimelineKind::StatusChanged => Self::StatusChanged,
            TimelineKind::RoleChanged => Self::RoleChanged,
            TimelineKind::GoalChanged => Self::GoalChanged,
            TimelineKind::Paged => Self::PageSent,
            TimelineKind::Acknowledged => Self::PageAnswered,
            TimelineKind::Escalated => Self::PageEscalated,
            TimelineKind::ClientAffected => Self::ClientAffected,
            TimelineKind::ClientUpdate => Self::ClientUpdateSent,
            TimelineKind::Ticket => Self::TicketChanged,
            TimelineKind::Action => Self::ActionChanged,
            TimelineKind::Prompt => Self::TimelinePrompt,
            TimelineKind::StepSettled => Self::TimelineStep,
            TimelineKind::Delivery => Self::TimelineDelivery,
            TimelineKind::Resolved => Self::IncidentResolved,
            TimelineKind::Reopened => Self::IncidentReopened,
            TimelineKind::Report => Self::ReportChanged,
            TimelineKind::Review => Self::ReviewChanged,
            TimelineKind::FollowUp => Self::FollowUpChanged,
            TimelineKind::Closed => Self::IncidentClosed,
            TimelineKind::Amendment => Self::TimelineAmendment,
            TimelineKind::Redaction => Self::TimelineRedaction,
        }
    }

    /// Whether it is one of `wanted`: its name, or its group as `incident.*`.
    pub fn is_among(self, wanted: &[String]) -> bool {
        let group = |pattern: &String| pattern.strip_suffix('*').is_some_and(|group| self.name().starts_with(group));
        wanted.iter().any(|pattern| pattern == self.name() || group(pattern))
    }

    /// What changed, of an event with these details. Words of people stay here, whatever key they stand under.
    pub(super) fn changes(self, details: Option<&str>) -> Map<String, Value> {
        let details: Option<Map<String, Value>> = details.and_then(|details| serde_json::from_str(details).ok());
        let Some(mut details) = details else { return Map::new() };
        if self == Self::IncidentChanged {
            // Its details have each field with its values; only which they are is posted.
            let fields = details.keys().map(|field| if field == "sites" { "siteIds".into() } else { Value::from(field.as_str()) });
            details = Map::from_iter([("fields".to_owned(), fields.collect())]);
        }
        let posted = self.keys().iter().filter_map(|key| details.remove_entry(*key));
        posted.filter(|(_, value)| is_plain(value)).collect()
    }
}

/// Whether `wanted` names a type, or a group of some, that an endpoint can choose.
pub(super) fn is_choice(wanted: &str) -> bool {
    let types = || EventType::ALL.iter().filter(|of| **of != EventType::Test);
    match wanted.strip_suffix(".*") {
        Some(group) => types().any(|of| of.name().split_once('.').is_some_and(|(first, _)| first == group)),
        None => types().any(|of| of.name() == wanted),
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => is_short(text),
        Value::Array(items) => {
            items.len() <= LIST_ITEMS && items.iter().all(|item| item.is_number() || item.as_str().is_some_and(is_short))
        }
        Value::Object(_) => false,
    }
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= TEXT_CHARS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SCHEMA: &str = include_str!("../../../docs/webhooks/message.schema.json");
    const PAGE: &str = include_str!("../../../docs/webhooks.md");

    #[test]
    fn names_are_as_the_specification_wants_them_and_each_is_another() {
        let names: BTreeSet<&str> = EventType::ALL.iter().map(|of| of.name()).collect();
        assert_eq!(names.len(), EventType::ALL.len());
        for name in names {
            let (group, event) = name.split_once('.').unwrap();
            assert!([group, event].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')), "{name}");
        }
    }

    /// The schema has each type, with the changes that it may have and no others; the page tells of each.
    #[test]
    fn the_schema_and_the_page_are_about_the_same_types() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let names: Vec<&str> = schema["properties"]["type"]["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(names, EventType::ALL.iter().map(|of| of.name()).collect::<Vec<_>>());
        for of in EventType::ALL {
            assert!(PAGE.contains(&format!("| `{}` |", of.name())), "docs/webhooks.md does not tell of {}", of.name());
            let known = schema["$defs"][of.name()]["properties"].as_object();
            let known: BTreeSet<&str> = known.map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default();
            assert_eq!(known, of.keys().iter().copied().collect(), "{}", of.name());
        }
    }

    #[test]
    fn endpoints_choose_types_and_groups() {
        let wanted = |text: &str| [text.to_owned()];
        assert!(EventType::SeverityChanged.is_among(&wanted("incident.severity_changed")));
        assert!(EventType::SeverityChanged.is_among(&wanted("incident.*")));
        assert!(!EventType::ClientUpdateSent.is_among(&wanted("client.*")));
        assert!(!EventType::SeverityChanged.is_among(&[]));
        for choice in ["incident.declared", "incident.*", "client.*", "client_update.*", "timeline.note"] {
            assert!(is_choice(choice), "{choice}");
        }
        for other in ["", "*", ".*", "incident", "incident.", "incident.*.*", "inc.*", "webhook.test", "webhook.*", "Incident.declared"] {
            assert!(!is_choice(other), "{other}");
        }
    }

    #[test]
    fn only_what_is_listed_is_posted_and_no_words_of_people() {
        let changes = |of: EventType, details: &str| Value::Object(of.changes(Some(details)));
        let details = r#"{"from":"MINOR","to":"MAJOR","reason":"Kim says so"}"#;
        assert_eq!(changes(EventType::SeverityChanged, details), serde_json::json!({ "from": "MINOR", "to": "MAJOR" }));
        let long = format!(r#"{{"from":"{}","to":{{"text":"x"}}}}"#, "x".repeat(101));
        assert_eq!(changes(EventType::SeverityChanged, &long), serde_json::json!({}));
        let edited = r#"{"name":{"from":"a","to":"b"},"sites":{}}"#;
        assert_eq!(changes(EventType::IncidentChanged, edited), serde_json::json!({ "fields": ["name", "siteIds"] }));
        assert_eq!(changes(EventType::TimelineNote, r#"{"from":"what a script adds"}"#), serde_json::json!({}));
        assert_eq!(changes(EventType::SeverityChanged, "no JSON"), serde_json::json!({}));
        assert_eq!(EventType::IncidentClosed.changes(None), Map::new());
    }
}
