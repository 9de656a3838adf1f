//! What is measured, and what a right answer looks like.

use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use entity::IncidentId;
use harness::console;
use serde_json::{Value, json};

use crate::data::{self, Incident, Incidents, LONG, Random, State};
use crate::search;

const BOARD: &str = "query Board { incidents(filter: {live: true}, first: 50) { nodes { id reference name status severity reportedAt \
    lead { id name } timeline(last: 3) { nodes { id kind text occurredAt } } actions(state: OPEN) { id } } } }";

const PAGE: &str = "query Page($reference: String!) { incident(reference: $reference) { id reference name summary severity status \
    visibility flags reportedAt declaredAt impactStartedAt impactEndedAt resolvedAt closedAt version \
    timeline(last: 100) { nodes { id kind text occurredAt actor { id name } } } roles { role person { id name } } \
    actions { id title state assignee { id name } } affectedClients { client { id name importance } note } } }";

const APPEND: &str =
    "mutation Append($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { id sequence } incident { version } } }";

/// What the console asks for its board, and for the page of an incident.
static CONSOLE_BOARD: LazyLock<String> = LazyLock::new(|| console::board().to_string());
static CONSOLE_PAGE: LazyLock<String> = LazyLock::new(|| console::query("IncidentPage"));

const NOTE: &str = "responder confirmed mitigation: traffic shifted to the standby region, error rate falling";

/// Incidents on the board, and on the console's.
const BOARD_SHOWS: usize = 50;
const CONSOLE_SHOWS: usize = 100;

/// Something that many people do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// The 50 newest live incidents with lead, last three events and open actions.
    Board,
    /// One incident with 100 events, roles, actions and clients.
    Page,
    /// The console's board, as the console asks for it.
    List,
    /// The console's page of an incident, as the console asks for it.
    Incident,
    /// The newest incidents that have two words.
    Search,
    /// One event in one durable commit.
    Append,
    /// Board and page while others append to what they show.
    WhileWriting,
    /// Two servers that write and read the same few incidents: whether anybody sees what is stale.
    Stale,
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
            Self::List => "console's board",
            Self::Incident => "console's page",
            Self::Search => "search",
            Self::Append => "append",
            Self::WhileWriting => "while writing",
            Self::Stale => "stale",
            Self::Fanout => "fan-out",
            Self::Start => "start",
            Self::Reminders => "reminders",
            Self::Deliveries => "deliveries",
            Self::Clients => "clients",
        }
    }
}

/// The work that is repeated as fast as possible; what appends comes last.
pub const REPEATED: [Work; 6] = [Work::Board, Work::Page, Work::List, Work::Incident, Work::Search, Work::Append];

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
            Work::List => CONSOLE_BOARD.clone(),
            Work::Incident => console_page(1 + random.below(LONG)),
            Work::Search => search::request(self.scale, random),
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
            Work::List => {
                let expected = worst_live(self.scale);
                (CONSOLE_BOARD.clone(), Box::new(move |answer| check_console_board(answer, &expected)))
            }
            Work::Incident => {
                let number = LONG.min(self.scale) / 2;
                let expected = Incidents::new(self.scale).nth(number - 1);
                (console_page(number), Box::new(move |answer| check_console_page(answer, expected.as_ref().context("too few incidents")?)))
            }
            Work::Search => search::example(self.scale),
            _ => (append(self.ids[self.scale - 1], NOTE), Box::new(check_append)),
        }
    }

    /// The incidents that `work`, board or page, shows.
    pub fn shown(&self, work: Work) -> Self {
        let is_shown = |number: usize| match work {
            Work::Page => number <= LONG,
            _ => data::is_live(number),
        };
        let newest = self.ids.iter().enumerate().rev().filter(|(place, _)| is_shown(place + 1)).map(|(_, id)| *id);
        Self::new(newest.take(if work == Work::Page { LONG } else { BOARD_SHOWS }).collect())
    }
}

fn console_page(number: usize) -> String {
    let variables = console::page_variables(&format!("INC-{number}"));
    json!({ "query": *CONSOLE_PAGE, "variables": variables }).to_string()
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
    live.truncate(BOARD_SHOWS);
    live
}

/// The live incidents that the console's board shows, and how many there are.
fn worst_live(scale: usize) -> (Vec<Incident>, usize) {
    let mut live: Vec<Incident> = Incidents::new(scale).filter(|incident| incident.state == State::Live).collect();
    let count = live.len();
    // Stable: among equals the one that has waited longest stays first.
    live.sort_by_key(|incident| incident.severity);
    live.truncate(CONSOLE_SHOWS);
    (live, count)
}

fn check_console_board(answer: &str, (expected, count): &(Vec<Incident>, usize)) -> Result<()> {
    let answer: Value = serde_json::from_str(answer)?;
    let live = &answer["data"]["live"];
    let nodes = live["nodes"].as_array().with_context(|| format!("no console's board: {answer:.500}"))?;
    ensure!(live["totalCount"] == *count && nodes.len() == expected.len(), "{} of {count} incidents on the console's board", nodes.len());
    for (node, incident) in nodes.iter().zip(expected) {
        let right = node["reference"] == format!("INC-{}", incident.number)
            && node["lead"]["name"] == data::person_name(incident.roles[0])
            && node["clientCommsManager"]["name"] == data::person_name(incident.roles[1])
            && node["affectedClients"].as_array().is_some_and(|clients| clients.len() == incident.clients.len())
            && node["nextSteps"].is_array()
            && texts(&node["timeline"]) == last_texts(incident, 1);
        ensure!(right, "INC-{} is wrong on the console's board: {node}", incident.number);
    }
    let asks = nodes.iter().any(|node| node["nextSteps"].as_array().is_some_and(|steps| !steps.is_empty()));
    ensure!(asks, "no step on the console's board");
    let over = answer["data"]["over"]["nodes"].as_array().map_or(0, Vec::len);
    ensure!(over == 8, "{over} incidents that are over on the console's board");
    Ok(())
}

fn check_console_page(answer: &str, incident: &Incident) -> Result<()> {
    let answer: Value = serde_json::from_str(answer)?;
    let page = &answer["data"]["incident"];
    let count = |part: &str| page[part].as_array().map_or(0, Vec::len);
    let right = page["name"] == *incident.name
        && page["summary"] == *incident.summary
        && texts(&page["timeline"]) == last_texts(incident, 40)
        && count("roles") == incident.roles.len()
        && count("actions") == incident.actions.len()
        && count("affectedClients") == incident.clients.len()
        && page["newest"]["pageInfo"]["endCursor"].is_string();
    ensure!(right, "the console's page of INC-{} is wrong: {answer}", incident.number);
    Ok(())
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
