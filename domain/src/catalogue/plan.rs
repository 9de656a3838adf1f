//! What a source that lists sites would change in the catalogue: shown first, and then done exactly so or not at all. Pure.
//!
//! Called by [`super::import`] for lists, and for any reader of a catalogue elsewhere: what it read is a list of [`Listed`]. A site is
//! recognised by its id here, by the key that its source gave it, by its name, or by its address, in this order. A site belongs to the
//! source that added it; once that does not list it any more, it is marked as gone and stays.

use std::collections::{BTreeMap, BTreeSet};

use entity::{Origin, SiteField, SiteId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fields::{Entry, NO, YES, blank, is_blank};
use super::merge::{Change, Values, merge};

/// A source may lose one of so many sites before a person is asked.
const LOSS: usize = 5;

/// A site as a source lists it. Stored as JSON while it waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Where in the source: the line of a file.
    pub line: usize,
    /// Its id here, if the source knows it.
    pub id: Option<SiteId>,
    /// What the source knows it by, if it has keys.
    pub key: Option<String>,
    /// What it says of it; of the client, the name.
    pub values: Values,
}

/// Who lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lister {
    /// Which source it is.
    pub origin: Origin,
    /// Whether it lists all that it knows, so that what is missing is gone.
    pub is_whole: bool,
}

/// Something in a list that can't be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the source.
    pub line: usize,
    /// The column, as the source calls it.
    pub column: Option<String>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// What becomes of a site; what is lost comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Effect {
    /// Its source no longer lists it.
    Gone,
    /// It says something else.
    Changed,
    /// It is new.
    Added,
    /// The source says something else, and by hand it is set otherwise.
    Kept,
}

/// A site about which there is something to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What becomes of it.
    pub effect: Effect,
    /// Where the source lists it.
    pub line: Option<usize>,
    /// The site as it will be.
    pub entry: Entry,
    /// What changes.
    pub changes: Vec<Change>,
    /// What stays, because it was set by hand.
    pub kept: Vec<Change>,
}

/// What would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Whose list it is.
    pub origin: Origin,
    /// What becomes of sites, by effect and then in the order of the list.
    pub rows: Vec<Row>,
    /// Sites that the source lists as they are.
    pub unchanged: usize,
    /// Sites that the source had before.
    pub of_source: usize,
    /// Sites that were added by hand and that a source with keys now has as well, or that it knows by another key now: they are its own from
    /// now on, as they are.
    pub adopted: Vec<Entry>,
}

impl Plan {
    /// How many sites it does this to.
    pub fn count(&self, effect: Effect) -> usize {
        self.rows.iter().filter(|row| row.effect == effect).count()
    }

    /// Whether so many are gone that somebody must say that it is right: else a filter somewhere, or a list that was cut off, takes the
    /// catalogue away.
    pub fn loses_much(&self) -> bool {
        self.count(Effect::Gone) * LOSS > self.of_source
    }

    /// The field that the most sites would lose what they say in, and how many do.
    pub fn emptied(&self) -> Option<(SiteField, usize)> {
        let mut counts: BTreeMap<SiteField, usize> = BTreeMap::new();
        let changed = self.rows.iter().filter(|row| row.effect == Effect::Changed).flat_map(|row| &row.changes);
        // Who is no longer gone has lost nothing.
        for change in changed.filter(|change| change.field != SiteField::Gone && is_blank(change.field, &change.to)) {
            *counts.entry(change.field).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count)
    }

    /// Whether so many lose what they say in one field that somebody must say that it is right: else a column that was cleared, or hidden from
    /// whoever reads, takes it away.
    pub fn empties_much(&self) -> bool {
        self.emptied().is_some_and(|(_, count)| count * LOSS > self.of_source)
    }

    /// The names of clients that `known` does not have yet.
    pub fn new_clients(&self, known: &BTreeSet<String>) -> BTreeSet<String> {
        let named = self.rows.iter().filter_map(|row| row.entry.client.as_ref());
        named.filter(|name| !known.contains(*name)).cloned().collect()
    }

    /// The same for the same changes, and another one for any other: what somebody saw and confirms.
    pub fn fingerprint(&self) -> String {
        let done = self.rows.iter().filter(|row| row.effect != Effect::Kept);
        // A site that is new gets another id each time.
        let id = |row: &Row| (row.effect != Effect::Added).then_some(row.entry.site.id);
        let all: Vec<_> = done.map(|row| (row.effect, id(row), &row.entry.site.name, &row.changes)).collect();
        let bytes = serde_json::to_vec(&(self.origin, all)).expect("texts and ids can be written as JSON");
        hex::encode(&Sha256::digest(bytes)[..16])
    }
}

/// What would change of `known`, or what is wrong with the list. `clients` are the names of all clients.
pub fn plan(
    known: &[Entry],
    clients: &[String],
    mut lines: Vec<Listed>,
    lister: Lister,
    now: Timestamp,
    new_id: impl Fn() -> SiteId,
) -> Result<Plan, Vec<Problem>> {
    let (places, mut problems) = recognise(known, &lines, lister.origin);
    let present = places.iter().map(|place| place.and_then(|place| known[place].client.as_deref()));
    problems.extend(name_clients(&mut lines, present, clients));
    problems.extend(nameless(&lines, &places));
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.line);
        return Err(problems);
    }
    let is_of_source = |entry: &&Entry| entry.site.listed_by == Some(lister.origin) && entry.site.gone_at.is_none();
    let of_source = known.iter().filter(is_of_source).count();
    let mut plan = Plan { origin: lister.origin, rows: Vec::new(), unchanged: 0, of_source, adopted: Vec::new() };
    for (one, place) in lines.iter().zip(&places) {
        match place {
            Some(place) => plan.meet(&known[*place], one, now),
            None => plan.add(new_id(), one, now),
        }
    }
    if lister.is_whole {
        let met: BTreeSet<usize> = places.iter().copied().flatten().collect();
        let missing = known.iter().enumerate().filter(|(place, entry)| !met.contains(place) && is_of_source(entry));
        for (_, entry) in missing {
            plan.lose(entry, now);
        }
    }
    plan.rows.sort_by_key(|row| row.effect);
    Ok(plan)
}

impl Plan {
    fn add(&mut self, id: SiteId, listed: &Listed, now: Timestamp) {
        let mut new = Entry { site: blank(id, now), client: None };
        new.site.listed_by = Some(self.origin);
        new.site.source_key.clone_from(&listed.key);
        let merged = merge(&new, &listed.values, self.origin, now);
        self.rows.push(Row {
            effect: Effect::Added,
            line: Some(listed.line),
            entry: merged.entry,
            changes: merged.changes,
            kept: Vec::new(),
        });
    }

    fn meet(&mut self, known: &Entry, listed: &Listed, now: Timestamp) {
        let mut values = listed.values.clone();
        // What is listed is there again.
        values.entry(SiteField::Gone).or_insert_with(|| NO.to_owned());
        let mut merged = merge(known, &values, self.origin, now);
        let is_ours = known.site.listed_by == Some(self.origin);
        // Also a site that the source deleted and made again, and knows by another key now.
        let is_adopted = listed.key.is_some() && (known.site.listed_by.is_none() || (is_ours && known.site.source_key != listed.key));
        if is_adopted {
            merged.entry.site.listed_by = Some(self.origin);
            merged.entry.site.source_key.clone_from(&listed.key);
        }
        let effect = match (merged.changes.is_empty(), merged.kept.is_empty()) {
            (false, _) => Effect::Changed,
            (true, false) => Effect::Kept,
            (true, true) => {
                self.unchanged += 1;
                if is_adopted {
                    self.adopted.push(merged.entry);
                }
                return;
            }
        };
        let (changes, kept) = (merged.changes, merged.kept);
        self.rows.push(Row { effect, line: Some(listed.line), entry: merged.entry, changes, kept });
    }

    fn lose(&mut self, known: &Entry, now: Timestamp) {
        let gone = Values::from([(SiteField::Gone, YES.to_owned())]);
        let merged = merge(known, &gone, self.origin, now);
        let effect = if merged.changes.is_empty() { Effect::Kept } else { Effect::Gone };
        self.rows.push(Row { effect, line: None, entry: merged.entry, changes: merged.changes, kept: merged.kept });
    }
}

/// Lines of a source with keys that are about a new site and do not say its name. A list says so of its lines by itself.
fn nameless(listed: &[Listed], places: &[Option<usize>]) -> Vec<Problem> {
    let new = listed.iter().zip(places).filter(|(one, place)| place.is_none() && one.key.is_some());
    let nameless = new.filter(|(one, _)| said(one, SiteField::Name).is_none());
    let problem = |line| Problem { line, column: Some("name".to_owned()), reason: "A new site needs a name.".to_owned() };
    nameless.map(|(one, _)| problem(one.line)).collect()
}

/// Writes the names of clients as they are here, whatever their case in the list. `present` are those that the listed sites have.
fn name_clients<'a>(listed: &mut [Listed], present: impl Iterator<Item = Option<&'a str>>, clients: &[String]) -> Vec<Problem> {
    let mut known: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in clients {
        known.entry(name.to_lowercase()).or_default().push(name);
    }
    let mut problems = Vec::new();
    let mut new: BTreeMap<String, String> = BTreeMap::new();
    for (one, present) in listed.iter_mut().zip(present) {
        let Some(name) = one.values.get_mut(&SiteField::Client).filter(|name| !name.is_empty()) else { continue };
        let folded = name.to_lowercase();
        match known.get(&folded).map(Vec::as_slice) {
            // Two lines that write a new one differently mean the same.
            None => {
                let first = new.entry(folded).or_insert_with(|| name.clone()).clone();
                *name = first;
            }
            Some([only]) => name.clone_from(only),
            // Of several, the one that is written so; of those that are written alike, the one that the site has.
            Some(several) => {
                let is_one = several.iter().filter(|known| known.as_str() == name.as_str()).count() == 1;
                if !is_one && present != Some(name.as_str()) {
                    let reason =
                        format!("There is more than one client named {name}: give them names that differ, or leave this cell empty.");
                    problems.push(Problem { line: one.line, column: Some("client".to_owned()), reason });
                }
            }
        }
    }
    problems
}

/// The place in `known` of each site that is listed; none for those that are new. What is surest is settled first.
fn recognise(known: &[Entry], listed: &[Listed], origin: Origin) -> (Vec<Option<usize>>, Vec<Problem>) {
    let mut seen = Seen { listed, places: vec![None; listed.len()], met: BTreeMap::new() };
    let mut problems = named_twice(listed);
    problems.extend(seen.by_id(known));
    let is_of_source = |entry: &Entry| entry.site.listed_by == Some(origin);
    let keys = index_by(known, |entry| entry.site.source_key.clone().filter(|_| is_of_source(entry)));
    seen.by(&keys, |one| one.key.clone());
    let names = index_by(known, |entry| Some(entry.site.name.to_lowercase()));
    for one in seen.by(&names, |one| said(one, SiteField::Name).map(str::to_lowercase)) {
        let reason = "There is more than one site with this name: say which one by its id, as the export has it.".to_owned();
        problems.push(Problem { line: one.line, column: Some("name".to_owned()), reason });
    }
    let urls = index_by(known, |entry| entry.site.url.clone());
    seen.by(&urls, |one| said(one, SiteField::Url).map(str::to_owned));
    (seen.places, problems)
}

fn said(listed: &Listed, field: SiteField) -> Option<&str> {
    listed.values.get(&field).map(String::as_str).filter(|text| !text.is_empty())
}

fn index_by(known: &[Entry], of: impl Fn(&Entry) -> Option<String>) -> BTreeMap<String, Vec<usize>> {
    let mut index: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, entry) in known.iter().enumerate() {
        if let Some(key) = of(entry) {
            index.entry(key).or_default().push(place);
        }
    }
    index
}

/// Which sites were recognised so far.
struct Seen<'a> {
    listed: &'a [Listed],
    places: Vec<Option<usize>>,
    /// By place, the line that is about it.
    met: BTreeMap<usize, usize>,
}

impl<'a> Seen<'a> {
    fn by_id(&mut self, known: &[Entry]) -> Vec<Problem> {
        let ids: BTreeMap<SiteId, usize> = known.iter().enumerate().map(|(place, entry)| (entry.site.id, place)).collect();
        let mut problems = Vec::new();
        for (place, one) in self.places.iter_mut().zip(self.listed) {
            let Some(id) = one.id else { continue };
            let reason = match ids.get(&id) {
                None => format!("There is no site with the id {id}: leave this cell empty to add one."),
                Some(known) => {
                    let Some(line) = self.met.insert(*known, one.line) else {
                        *place = Some(*known);
                        continue;
                    };
                    format!("Line {line} is about the same site: leave one of the two out.")
                }
            };
            problems.push(Problem { line: one.line, column: Some("id".to_owned()), reason });
        }
        problems
    }

    /// Recognises what is still unknown, and gives back what may be more than one.
    fn by(&mut self, index: &BTreeMap<String, Vec<usize>>, wanted: impl Fn(&Listed) -> Option<String>) -> Vec<&'a Listed> {
        let mut unclear = Vec::new();
        for (place, one) in self.places.iter_mut().zip(self.listed).filter(|(place, one)| place.is_none() && one.id.is_none()) {
            let Some(found) = wanted(one).and_then(|wanted| index.get(&wanted)) else { continue };
            let free: Vec<usize> = found.iter().copied().filter(|found| !self.met.contains_key(found)).collect();
            match free[..] {
                [] => {}
                [only] => {
                    self.met.insert(only, one.line);
                    *place = Some(only);
                }
                [..] => unclear.push(one),
            }
        }
        unclear
    }
}

/// Lines that name a site as another one does, and do not say by an id which is meant.
fn named_twice(listed: &[Listed]) -> Vec<Problem> {
    let mut lines: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for one in listed {
        lines.entry(said(one, SiteField::Name).unwrap_or_default().to_lowercase()).or_default().push(one.line);
    }
    let mut problems = Vec::new();
    // A source with keys of its own knows them apart.
    for one in listed.iter().filter(|one| one.id.is_none() && one.key.is_none()) {
        let Some(name) = said(one, SiteField::Name) else { continue };
        let Some(other) = lines.get(&name.to_lowercase()).into_iter().flatten().find(|line| **line != one.line) else { continue };
        let reason = format!("Line {other} has the same name: leave one of the two out, or rename it.");
        problems.push(Problem { line: one.line, column: Some("name".to_owned()), reason });
    }
    problems
}

#[cfg(test)]
mod tests;
