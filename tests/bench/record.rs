//! What an incident has at each of its versions, as those who changed it were told, and whether an answer agrees with it.
//!
//! Every change here makes one version, and the answer to it says which. So once all changes up to a version are acknowledged, it is known what
//! that version has, and an answer that says so must have just that. An answer may come before that is known: then it waits. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// What is asked of an incident.
pub const STATE: &str = "version name severity lead { name } roles { role person { name } } actions(state: OPEN) { title } \
    timeline(last: 20) { nodes { sequence text } }";

/// How far behind the newest an answer may be, and how far ahead its parts: more than are under way at once.
const UNDER_WAY: u32 = 64;
/// Versions that are kept: an answer of an older one is refused before.
const KEPT: u32 = 4_096;

/// An incident as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub version: u32,
    /// Of its row.
    name: String,
    pub severity: String,
    pub lead: String,
    /// Of the rows beside it: who leads, and what is to be done.
    holder: String,
    open: BTreeSet<String>,
    /// The end of its timeline.
    events: Vec<(u32, String)>,
    /// Whether it came with the answer to a change, which may show beside its version what others wrote after it.
    is_payload: bool,
}

impl Seen {
    /// Of an incident in an answer, which has [`STATE`].
    pub fn read(incident: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok()).context("no number");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let roles = list(&incident["roles"]);
        let holder = roles.iter().find(|role| role["role"] == "INCIDENT_LEAD").map(|role| text(&role["person"]["name"]));
        let events = list(&incident["timeline"]["nodes"]);
        Ok(Self {
            version: number(&incident["version"])?,
            name: text(&incident["name"]),
            severity: text(&incident["severity"]),
            lead: text(&incident["lead"]["name"]),
            holder: holder.unwrap_or_default(),
            open: list(&incident["actions"]).iter().map(|action| text(&action["title"])).collect(),
            events: events.iter().map(|event| Ok((number(&event["sequence"])?, text(&event["text"])))).collect::<Result<_>>()?,
            is_payload: false,
        })
    }

    /// The same, of the answer to a change.
    pub fn of_payload(incident: &Value) -> Result<Self> {
        Ok(Self { is_payload: true, ..Self::read(incident)? })
    }

    fn last(&self) -> u32 {
        self.events.last().map_or(0, |(sequence, _)| *sequence)
    }
}

/// What a change did.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A note with this number on the timeline.
    Note(u32, String),
    Name(String),
    Severity(String),
    Lead(String),
    Added(String),
    Settled(String),
}

/// What a version has.
#[derive(Clone, Debug)]
struct Facts {
    name: String,
    severity: String,
    lead: String,
    open: BTreeSet<String>,
    /// The last event has at least this number: each change writes one or more.
    least: u32,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has what its version has.
    Right,
    /// Parts of it are of a later version, and it answers a query.
    Ahead,
    /// It has yet to be compared.
    Waits,
}

/// The versions of one incident.
pub struct Record {
    facts: BTreeMap<u32, Facts>,
    /// Changes that were acknowledged, before some of those before them.
    early: BTreeMap<u32, Effect>,
    /// The notes: their versions and texts, by number.
    notes: HashMap<u32, (u32, String)>,
    /// Answers that have yet to be compared.
    waiting: Vec<Seen>,
    /// The greatest version that anybody saw.
    highest: u32,
}

impl Record {
    /// Of an incident that nobody changes.
    pub fn new(first: &Seen) -> Self {
        let Seen { version, name, severity, lead, open, .. } = first.clone();
        let facts = Facts { name, severity, lead, open, least: first.last() };
        Self {
            facts: BTreeMap::from([(version, facts)]),
            early: BTreeMap::new(),
            notes: HashMap::new(),
            waiting: Vec::new(),
            highest: version,
        }
    }

    /// What whoever asks from now on must see at least.
    pub fn floor(&self) -> u32 {
        self.highest
    }

    /// Notes a change that was acknowledged.
    pub fn change(&mut self, version: u32, effect: Effect) -> Result<()> {
        if let Effect::Note(number, text) = &effect {
            self.notes.insert(*number, (version, text.clone()));
        }
        let other = self.early.insert(version, effect);
        ensure!(
            other.is_none() && version > self.known(),
            "two changes made version {version}: {other:?} and {:?}",
            self.early.get(&version)
        );
        while let Some(effect) = self.early.remove(&(self.known() + 1)) {
            self.follow(effect);
        }
        Ok(())
    }

    /// The last version up to which all changes are known.
    fn known(&self) -> u32 {
        self.facts.last_key_value().map_or(0, |(version, _)| *version)
    }

    fn follow(&mut self, effect: Effect) {
        let Some((version, last)) = self.facts.last_key_value() else { return };
        let (version, mut facts) = (version + 1, last.clone());
        facts.least += 1;
        match effect {
            Effect::Note(number, _) => facts.least = facts.least.max(number),
            Effect::Name(name) => facts.name = name,
            Effect::Severity(severity) => facts.severity = severity,
            Effect::Lead(lead) => facts.lead = lead,
            Effect::Added(title) => {
                facts.open.insert(title);
            }
            Effect::Settled(title) => {
                facts.open.remove(&title);
            }
        }
        self.facts.insert(version, facts);
        if let Some(oldest) = version.checked_sub(KEPT) {
            self.facts.remove(&oldest);
        }
    }

    /// Compares an answer to a request that was sent when [`Self::floor`] was `floor`.
    pub fn meet(&mut self, seen: Seen, floor: u32) -> Result<Verdict> {
        ensure!(seen.version >= floor, "version {} came after {floor} had been seen: {seen:?}", seen.version);
        self.highest = self.highest.max(seen.version);
        let verdict = self.compare(&seen, false)?;
        if verdict == Verdict::Waits {
            self.waiting.push(seen);
        }
        Ok(verdict)
    }

    /// Compares the answers that waited, and says what each was worth; with `is_over`, all of them.
    pub fn settle(&mut self, is_over: bool) -> Result<Vec<Verdict>> {
        let mut settled = Vec::new();
        for seen in std::mem::take(&mut self.waiting) {
            match self.compare(&seen, is_over)? {
                Verdict::Waits if is_over => bail!("nobody made version {}: {seen:?}", seen.version),
                Verdict::Waits => self.waiting.push(seen),
                verdict => settled.push(verdict),
            }
        }
        Ok(settled)
    }

    /// Puts the answer beside what its version has.
    fn compare(&self, seen: &Seen, is_over: bool) -> Result<Verdict> {
        let Some(facts) = self.facts.get(&seen.version) else {
            ensure!(seen.version > self.known(), "version {} is too old to be compared", seen.version);
            return Ok(Verdict::Waits);
        };
        let refuse = |part: &str| format!("{part} not of its version: {seen:?}\ninstead of\n{facts:?}");
        ensure!((&seen.name, &seen.severity, &seen.lead) == (&facts.name, &facts.severity, &facts.lead), refuse("what its row says is"));
        ensure!(seen.last() >= facts.least, refuse("its timeline is"));
        ensure!(seen.events.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), refuse("a timeline with holes is"));
        let mut is_ahead = false;
        for (number, text) in &seen.events {
            if let Some((version, written)) = self.notes.get(number) {
                ensure!(text == written, refuse("the text of an event is"));
                is_ahead |= *version > seen.version;
            }
        }
        if seen.holder == facts.lead && seen.open == facts.open {
            return Ok(if is_ahead && !seen.is_payload { Verdict::Ahead } else { Verdict::Right });
        }
        // Before it is said that something is behind, it must be known what could be ahead.
        if !is_over && self.known() < seen.version + UNDER_WAY {
            return Ok(Verdict::Waits);
        }
        let mut later = self.facts.range(seen.version..=seen.version + UNDER_WAY);
        ensure!(later.clone().any(|(_, facts)| facts.lead == seen.holder), refuse("who leads is"));
        ensure!(later.any(|(_, facts)| facts.open == seen.open), refuse("what is to be done is"));
        Ok(if seen.is_payload { Verdict::Right } else { Verdict::Ahead })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(version: u32, open: &[&str], last: u32) -> Seen {
        let nodes: Vec<Value> = (last - 1..=last).map(|number| json!({ "sequence": number, "text": format!("event {number}") })).collect();
        let actions: Vec<Value> = open.iter().map(|title| json!({ "title": title })).collect();
        let roles = json!([{ "role": "INCIDENT_LEAD", "person": { "name": "Sam" } }]);
        let incident = json!({
            "version": version, "name": "slow", "severity": "MAJOR", "lead": { "name": "Sam" }, "roles": roles, "actions": actions,
            "timeline": { "nodes": nodes }
        });
        Seen::read(&incident).unwrap()
    }

    /// Version 10 has ten events, 11 an action, 12 a note.
    fn record() -> Record {
        let mut record = Record::new(&seen(10, &[], 10));
        record.change(12, Effect::Note(12, "event 12".into())).unwrap();
        assert_eq!(record.meet(seen(12, &["call"], 12), 10).unwrap(), Verdict::Waits);
        record.change(11, Effect::Added("call".into())).unwrap();
        assert_eq!(record.settle(false).unwrap(), [Verdict::Right]);
        record
    }

    #[test]
    fn an_answer_has_what_its_version_has() {
        let mut record = record();
        assert_eq!(record.floor(), 12);
        assert_eq!(record.meet(seen(11, &["call"], 11), 11).unwrap(), Verdict::Right);
        assert_eq!(record.meet(seen(12, &["call"], 12), 12).unwrap(), Verdict::Right);
    }

    #[test]
    fn an_older_version_than_was_seen_is_refused() {
        assert!(record().meet(seen(11, &["call"], 11), 12).is_err());
    }

    #[test]
    fn parts_that_are_behind_are_refused_once_it_is_known_that_they_are_not_ahead() {
        assert!(record().meet(seen(12, &["call"], 11), 12).is_err(), "the timeline");
        let mut record = record();
        assert_eq!(record.meet(seen(12, &[], 12), 12).unwrap(), Verdict::Waits);
        assert!(record.settle(true).is_err(), "what is to be done");
    }

    #[test]
    fn parts_that_are_ahead_are_told_from_those_that_are_behind() {
        let mut record = record();
        assert_eq!(record.meet(seen(11, &["call"], 12), 11).unwrap(), Verdict::Ahead);
        assert_eq!(record.meet(seen(10, &["call"], 10), 10).unwrap(), Verdict::Waits);
        assert_eq!(record.settle(true).unwrap(), [Verdict::Ahead]);
        let payload = Seen { is_payload: true, ..seen(11, &["call"], 12) };
        assert_eq!(record.meet(payload, 11).unwrap(), Verdict::Right);
    }

    #[test]
    fn a_version_that_nobody_made_is_refused() {
        let mut record = record();
        assert_eq!(record.meet(seen(14, &["call"], 14), 12).unwrap(), Verdict::Waits);
        assert!(record.settle(true).is_err());
        assert!(record.change(12, Effect::Name("twice".into())).is_err());
    }
}
