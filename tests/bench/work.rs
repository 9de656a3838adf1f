//! What is measured, and what a right answer looks like.

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use entity::IncidentId;
use serde_json::{Value, json};

use crate::data::{self, Incident, Incidents, LONG, Random, State};

const BOARD: &str = "query Board { incidents(filter: {live: true}, first: 50) { nodes { id reference name status severity reportedAt \
    lead { id name } timeline(last: 3) { nodes { id kind text occurredAt } } actions(state: OPEN) { id } } } }";

const PAGE: &str = "query Page($reference: String!) { incident(reference: $reference) { id reference name summary severity status \
    visibility flags reportedAt declaredAt impactStartedAt impactEndedAt resolvedAt closedAt version \
    timeline(last: 100) { nodes { id kind text occurredAt actor { id name } } } roles { role person { id name } } \
    actions { id title state assignee { id name } } affectedClients { client { id name importance } note } } }";

const APPEND: &str =
    "mutation Append($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { id sequence } incident { version } } }";

const NOTE: &str = "responder confirmed mitigation: traffic shifted to the standby region, error rate falling";

/// Something that many people do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// The 50 newest live incidents with lead, last three events and open actions.
    Board,
    /// One incident with 100 events, roles, actions and clients.
    Page,
    /// One event in one durable commit.
    Append,
    /// 500 subscribers of one incident, ten events a second.
    Fanout,
    /// From nothing to ready.
    Start,
    /// A thousand incidents fall due at once.
    Reminders,
    /// Thousands of deliveries wait.
    Deliveries,
    /// Hundreds of clients are sent an update.
    Clients,
}

impl Work {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Page => "page",
            Self::Append => "append",
            Self::Fanout => "fan-out",
            Self::Start => "start",
            Self::Reminders => "reminders",
            Self::Deliveries => "deliveries",
            Self::Clients => "clients",
        }
    }
}

/// The work that is repeated as fast as possible.
pub const REPEATED: [Work; 3] = [Work::Board, Work::Page, Work::Append];

/// The incidents that the server has.
pub struct Scene {
    scale: usize,
    ids: Vec<IncidentId>,
}

impl Scene {
    /// Made-up incidents with `ids`, oldest first.
    pub fn new(ids: Vec<IncidentId>) -> Self {
        Self { scale: ids.len(), ids }
    }

    /// How many there are.
    pub fn scale(&self) -> usize {
        self.scale
    }

    /// A body that asks for `work`.
    pub fn request(&self, work: Work, random: &mut Random) -> String {
        match work {
            Work::Board => json!({ "query": BOARD }).to_string(),
            Work::Page => page(1 + random.below(LONG)),
            _ => append(self.ids[random.below(self.scale)], NOTE),
        }
    }

    /// Whether `answer` to a request of its own is exactly right. Made before anything is appended.
    pub fn example(&self, work: Work) -> (String, Box<dyn Fn(&str) -> Result<()>>) {
        match work {
            Work::Board => {
                let expected = newest_live(self.scale);
                (json!({ "query": BOARD }).to_string(), Box::new(move |answer| check_board(answer, &expected)))
            }
            Work::Page => {
                let number = LONG.min(self.scale) / 2;
                let expected = Incidents::new(self.scale).nth(number - 1);
                (page(number), Box::new(move |answer| check_page(answer, expected.as_ref().context("too few incidents")?)))
            }
            _ => (append(self.ids[self.scale - 1], NOTE), Box::new(check_append)),
        }
    }
}

fn page(number: usize) -> String {
    json!({ "query": PAGE, "variables": { "reference": format!("INC-{number}") } }).to_string()
}

/// A body that appends a note.
pub fn append(incident: IncidentId, text: &str) -> String {
    let input = json!({ "incidentId": incident.to_string(), "kind": "NOTE", "text": text });
    json!({ "query": APPEND, "variables": { "input": input } }).to_string()
}

/// The cheap check that every answer must pass.
pub fn check_success(answer: &str) -> Result<()> {
    ensure!(answer.starts_with("{\"data\":{") && !answer.contains("\"errors\":["), "a request failed: {answer:.500}");
    Ok(())
}

fn newest_live(scale: usize) -> Vec<Incident> {
    // One in ten is live.
    let tail = Incidents::new(scale).skip(scale.saturating_sub(510));
    let mut live: Vec<Incident> = tail.filter(|incident| incident.state == State::Live).collect();
    live.reverse();
    live.truncate(50);
    live
}

fn check_board(answer: &str, expected: &[Incident]) -> Result<()> {
    let answer: Value = serde_json::from_str(answer)?;
    let nodes = answer["data"]["incidents"]["nodes"].as_array().with_context(|| format!("no board: {answer:.500}"))?;
    ensure!(nodes.len() == expected.len(), "{} incidents on the board instead of {}", nodes.len(), expected.len());
    for (node, incident) in nodes.iter().zip(expected) {
        let open = incident.actions.iter().filter(|action| action.open).count();
        let right = node["reference"] == format!("INC-{}", incident.number)
            && node["name"] == *incident.name
            && node["lead"]["name"] == data::person_name(incident.roles[0])
            && node["actions"].as_array().is_some_and(|actions| actions.len() == open)
            && texts(&node["timeline"]) == last_texts(incident, 3);
        ensure!(right, "INC-{} is wrong on the board: {node}", incident.number);
    }
    Ok(())
}

fn check_page(answer: &str, incident: &Incident) -> Result<()> {
    let answer: Value = serde_json::from_str(answer)?;
    let page = &answer["data"]["incident"];
    let people = page["roles"].as_array().map(|roles| roles.iter().filter_map(|role| role["person"]["name"].as_str()).collect::<Vec<_>>());
    let right = page["name"] == *incident.name
        && page["summary"] == *incident.summary
        && texts(&page["timeline"]) == last_texts(incident, 100)
        && incident.roles.iter().all(|person| people.iter().flatten().any(|name| *name == data::person_name(*person)))
        && page["actions"].as_array().is_some_and(|actions| actions.len() == incident.actions.len())
        && page["affectedClients"].as_array().is_some_and(|clients| clients.len() == incident.clients.len());
    ensure!(right, "the page of INC-{} is wrong: {answer}", incident.number);
    Ok(())
}

fn check_append(answer: &str) -> Result<()> {
    let answer: Value = serde_json::from_str(answer)?;
    let sequence = answer["data"]["addTimelineEvent"]["event"]["sequence"].as_u64();
    ensure!(sequence.is_some_and(|sequence| sequence > 20), "nothing was appended: {answer}");
    Ok(())
}

fn texts(timeline: &Value) -> Vec<&str> {
    let nodes = timeline["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    nodes.iter().filter_map(|event| event["text"].as_str()).collect()
}

fn last_texts(incident: &Incident, count: usize) -> Vec<&str> {
    let from = incident.events.len().saturating_sub(count);
    incident.events[from..].iter().map(|event| event.text.as_str()).collect()
}
