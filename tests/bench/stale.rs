//! Whether anybody ever sees what is stale: many write and read the same few incidents, by turns at each of the servers, and each answer is compared
//! with what its version has ([`crate::record`]).
//!
//! Refused is a version that is older than one that anybody had seen when the request began, and an answer with anything that is older than its
//! version. Answers to queries with parts that are newer are counted; the answer to a change may have such.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use entity::IncidentId;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::data::{self, Random};
use crate::http::Connection;
use crate::record::{Effect, Record, STATE, Seen, Verdict};
use crate::report::{Bound, Figure};

/// Those who write, and as many who read.
const WRITERS: usize = 16;
/// Incidents that are written and read at once, and the changes after which others take their turn.
const HOT: usize = 4;
const TURN: usize = 2_000;
/// People who lead by turns.
const LEADS: usize = 5;

const PEOPLE: &str = "query People { people(text: \"Person 00\", first: 5) { nodes { id name } } }";

/// One of the incidents, with what is known of it.
struct Watched {
    id: IncidentId,
    reference: String,
    record: Record,
    /// What the only one who changes these last set.
    severity: String,
    lead: String,
}

/// What all writers and readers share; they are one thread.
struct Watch<'a> {
    addresses: &'a [SocketAddr],
    token: &'a str,
    people: Vec<(String, String)>,
    incidents: RefCell<Vec<Watched>>,
    begun: Instant,
    duration: Duration,
    changes: Cell<usize>,
    refused: Cell<usize>,
    right: Cell<usize>,
    ahead: Cell<usize>,
}

/// A connection to each server.
struct Caller {
    connections: Vec<Connection>,
    random: Random,
}

/// What a writer wants to do.
struct Change {
    mutation: &'static str,
    input: Value,
    /// What else it wants to know.
    selection: &'static str,
    effect: Effect,
}

/// Writes and reads for `duration` at the servers at `addresses`, which have the made-up incidents `ids`.
pub async fn watch(addresses: &[SocketAddr], token: &str, ids: &[IncidentId], duration: Duration) -> Result<Vec<Figure>> {
    let mut watch = Watch {
        addresses,
        token,
        people: Vec::new(),
        incidents: RefCell::default(),
        begun: Instant::now(),
        duration,
        changes: Cell::new(0),
        refused: Cell::new(0),
        right: Cell::new(0),
        ahead: Cell::new(0),
    };
    watch.prepare(ids).await?;
    let watch = watch;
    let writers = try_join_all((0..WRITERS).map(|number| watch.write(number)));
    let readers = try_join_all((0..WRITERS).map(|number| watch.read(number)));
    tokio::try_join!(writers, readers)?;
    for incident in watch.incidents.borrow_mut().iter_mut() {
        for verdict in incident.record.settle(true)? {
            watch.count(verdict);
        }
    }
    let (changes, refused, right, ahead) = (watch.changes.get(), watch.refused.get(), watch.right.get(), watch.ahead.get());
    ensure!(changes > 0 && right > 0, "{changes} changes and {right} right answers: nothing was shown");
    // Where two servers change an incident, one may lose too many races.
    ensure!(refused <= changes, "{refused} changes were refused, {changes} were made");
    let seconds = duration.as_secs_f64();
    let (servers, all) = (addresses.len(), right + ahead);
    let what = format!("{WRITERS} writers and {WRITERS} readers of {HOT} incidents at {servers} server(s) for {seconds:.0} s");
    Ok(vec![
        Figure::new(format!("{what}: answers with anything older than their version"), "", vec![0.0], Bound::AtMost(0.0)),
        Figure::new("answers to queries with a part newer than their version", "", vec![ahead as f64], Bound::AtMost(0.0)),
        Figure::new("answers compared", "/s", vec![all as f64 / seconds], Bound::None),
        Figure::new("changes meanwhile", "/s", vec![changes as f64 / seconds], Bound::None),
        Figure::new("changes that were refused because too many raced", "", vec![refused as f64], Bound::None),
    ])
}

impl Watch<'_> {
    /// Reads whom roles can be given to, and the live incidents as they are before anybody changes them.
    async fn prepare(&mut self, ids: &[IncidentId]) -> Result<()> {
        let mut caller = self.caller(0).await?;
        let people = caller.ask(self.token, &json!({ "query": PEOPLE }).to_string()).await?;
        let people = people["data"]["people"]["nodes"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.people = people.iter().map(|person| (text(&person["id"]), text(&person["name"]))).collect();
        ensure!(self.people.len() == LEADS, "{} people to lead", self.people.len());
        for (number, id) in (1..).zip(ids).filter(|(number, _)| data::is_live(*number)) {
            let reference = format!("INC-{number}");
            let seen = caller.look(self.token, &reference).await?;
            let (record, severity, lead) = (Record::new(&seen), seen.severity, seen.lead);
            self.incidents.get_mut().push(Watched { id: *id, reference, record, severity, lead });
        }
        ensure!(self.incidents.get_mut().len() >= HOT, "too few live incidents");
        self.begun = Instant::now();
        Ok(())
    }

    async fn caller(&self, seed: usize) -> Result<Caller> {
        let mut connections = Vec::new();
        for address in self.addresses {
            connections.push(Connection::open(*address).await?);
        }
        Ok(Caller { connections, random: Random::new(seed as u64) })
    }

    fn is_over(&self) -> bool {
        self.begun.elapsed() >= self.duration
    }

    /// One of the incidents whose turn it is.
    fn choose(&self, random: &mut Random) -> usize {
        (self.changes.get() / TURN * HOT + random.below(HOT)) % self.incidents.borrow().len()
    }

    fn floor(&self, place: usize) -> u32 {
        self.incidents.borrow()[place].record.floor()
    }

    fn count(&self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right.set(self.right.get() + 1),
            Verdict::Ahead => self.ahead.set(self.ahead.get() + 1),
            Verdict::Waits => {}
        }
    }

    /// Compares an answer, and those that waited for what is known now.
    fn meet(&self, place: usize, seen: Seen, floor: u32) -> Result<()> {
        let Watched { record, reference, .. } = &mut self.incidents.borrow_mut()[place];
        let verdict = record.meet(seen, floor).with_context(|| format!("{reference} is stale"))?;
        self.count(verdict);
        for verdict in record.settle(false).with_context(|| format!("{reference} is stale"))? {
            self.count(verdict);
        }
        Ok(())
    }

    async fn read(&self, number: usize) -> Result<()> {
        let mut caller = self.caller(1_000 + number).await?;
        while !self.is_over() {
            let place = self.choose(&mut caller.random);
            let (floor, reference) = (self.floor(place), self.incidents.borrow()[place].reference.clone());
            let seen = caller.look(self.token, &reference).await?;
            self.meet(place, seen, floor)?;
        }
        Ok(())
    }

    async fn write(&self, number: usize) -> Result<()> {
        let mut caller = self.caller(number).await?;
        // The action that it has yet to settle: where, its id and its title.
        let mut open: Option<(usize, String, String)> = None;
        for made in 0.. {
            if self.is_over() {
                break;
            }
            let place = open.as_ref().map_or_else(|| self.choose(&mut caller.random), |(place, ..)| *place);
            let change = self.change(place, &format!("{number}.{made}"), number, &mut caller.random, &mut open);
            let floor = self.floor(place);
            let Some(mut answer) = caller.change(self.token, &change).await? else {
                self.refused.set(self.refused.get() + 1);
                continue;
            };
            self.changes.set(self.changes.get() + 1);
            if let Effect::Added(title) = &change.effect {
                open = Some((place, answer["action"]["id"].as_str().context("no action")?.to_owned(), title.clone()));
            }
            let seen = Seen::of_payload(&answer["incident"].take())?;
            self.keep(place, seen.version, change.effect, &answer)?;
            self.meet(place, seen, floor)?;
        }
        Ok(())
    }

    /// What writer `number` does next. Severity and lead of an incident are changed by one writer alone, so that each change makes a difference.
    fn change(&self, place: usize, token: &str, number: usize, random: &mut Random, open: &mut Option<(usize, String, String)>) -> Change {
        let watched = &self.incidents.borrow()[place];
        let id = watched.id.to_string();
        let of_incident = |mutation, input: Value, effect| {
            let mut all = json!({ "incidentId": id });
            if let (Some(all), Value::Object(input)) = (all.as_object_mut(), input) {
                all.extend(input);
            }
            Change { mutation, input: all, selection: "", effect }
        };
        if let Some((_, action, title)) = open.take() {
            let input = json!({ "actionId": action, "state": "DONE" });
            return Change { mutation: "settleAction", input, selection: "", effect: Effect::Settled(title) };
        }
        match random.below(8) {
            0 => {
                let name = format!("name {token}");
                of_incident("updateIncident", json!({ "name": name }), Effect::Name(name))
            }
            1 => {
                let title = format!("action {token}");
                let change = of_incident("addAction", json!({ "title": title }), Effect::Added(title));
                Change { selection: "action { id }", ..change }
            }
            2 if place % WRITERS == number => {
                let severity = if watched.severity == "MAJOR" { "MINOR" } else { "MAJOR" };
                of_incident("changeSeverity", json!({ "severity": severity, "reason": token }), Effect::Severity(severity.to_owned()))
            }
            3 if place % WRITERS == number => {
                let others = self.people.iter().filter(|(_, name)| *name != watched.lead).collect::<Vec<_>>();
                let (person, name) = others[random.below(others.len())];
                of_incident("assignRole", json!({ "role": "INCIDENT_LEAD", "personId": person }), Effect::Lead(name.clone()))
            }
            _ => {
                let text = format!("note {token}");
                let change = of_incident("addTimelineEvent", json!({ "kind": "NOTE", "text": text }), Effect::Note(0, text));
                Change { selection: "event { sequence }", ..change }
            }
        }
    }

    /// Notes what a change did that was acknowledged as `version`.
    fn keep(&self, place: usize, version: u32, effect: Effect, answer: &Value) -> Result<()> {
        let Watched { record, reference, severity, lead, .. } = &mut self.incidents.borrow_mut()[place];
        let effect = match effect {
            Effect::Note(_, text) => {
                let sequence = answer["event"]["sequence"].as_u64().context("a note without a number")?;
                Effect::Note(u32::try_from(sequence)?, text)
            }
            other => other,
        };
        match &effect {
            Effect::Severity(set) => severity.clone_from(set),
            Effect::Lead(set) => lead.clone_from(set),
            Effect::Note(..) | Effect::Name(_) | Effect::Added(_) | Effect::Settled(_) => {}
        }
        record.change(version, effect).with_context(|| reference.clone())
    }
}

impl Caller {
    /// The answer of one of the servers.
    async fn ask(&mut self, token: &str, body: &str) -> Result<Value> {
        let server = self.random.below(self.connections.len());
        Ok(serde_json::from_str(self.connections[server].post(token, body).await?)?)
    }

    /// The incident `reference` as it is now.
    async fn look(&mut self, token: &str, reference: &str) -> Result<Seen> {
        let query = format!("query Look($reference: String!) {{ incident(reference: $reference) {{ {STATE} }} }}");
        let answer = self.ask(token, &json!({ "query": query, "variables": { "reference": reference } }).to_string()).await?;
        ensure!(answer["errors"].is_null(), "reading {reference} failed: {answer}");
        Seen::read(&answer["data"]["incident"])
    }

    /// The payload of a change; `None` if it was refused because too many changed the incident at once.
    async fn change(&mut self, token: &str, change: &Change) -> Result<Option<Value>> {
        let Change { mutation, input, selection, .. } = change;
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query =
            format!("mutation Change($input: {kind}!) {{ made: {mutation}(input: $input) {{ {selection} incident {{ {STATE} }} }} }}");
        let mut answer = self.ask(token, &json!({ "query": query, "variables": { "input": input } }).to_string()).await?;
        match answer["errors"][0]["extensions"]["code"].as_str() {
            None => Ok(Some(answer["data"]["made"].take())),
            Some("UNAVAILABLE" | "CONFLICT") => Ok(None),
            Some(_) => bail!("{mutation} failed: {answer}"),
        }
    }
}
