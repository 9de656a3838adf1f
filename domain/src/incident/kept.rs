//! What this process has read of incidents, kept for whoever asks next: rows next to them, stretches of their timelines, the row itself.
//!
//! Filled and asked by [`super::parts`], [`super::query`], `timeline::stretch` and, for fragments of answers, `api`. Whoever asks has read the
//! incident from the database in the same request, by what its caller may see, and gets a part only if it is of the version that they read.
//! Nobody is told of a change. The door alone takes a row without that, to decide on: it writes on condition of the version, and shows nothing
//! before.
//!
//! # Why it is never stale
//!
//! 1. What is kept is written in no other transaction than one that raises its incident's version and sets when it changed: by the door
//!    (`record::write`), and by an archive that is taken in, which brings the incident itself. So two commits of the same version have the
//!    same parts.
//! 2. A part is read by a statement of its own, later than the version it was asked for, so it may be newer. Hence the versions are read again
//!    *after* it ([`super::reading`]), and it is kept only if its incident's is still the same: versions only grow, so there was no commit in
//!    between, and every statement in between has read what that version has. What is read in one snapshot needs no such proof.
//!    A row says itself which version it is, and what the door has just written is the row of the version that it made.
//! 3. A version is its number and when it was written. A number alone could come twice: a fail-over may lose the newest commits, and a backup
//!    that is put back has lost more, under a server that runs on.
//!
//! # What is kept
//!
//! | part | table | written by |
//! | --- | --- | --- |
//! | `Row` | `incident` | the door; only `next_due_at` is also set without it (`telling::{reminders,schedule}`), so it is compared as well |
//! | `Roles`, `Goals`, `Checklist`, `Actions`, `Clients`, `Sites`, `Access`, `Triage`, `Steps`, `ClientUpdates`, `Tickets`, `FollowUps`, `Report`, `Review` | `role_assignment`, `goal`, `checklist_item`, `action`, `incident_client`, `incident_site`, `incident_access`, `triage_answer`, `step`, `client_update`, `ticket`, `follow_up`, `report`, `review` | drafts of their incident |
//! | `Import` | `incident_import` | the archive that brought the incident |
//! | `Last`, `Events` | `timeline_event` | the seal of a draft; star and redaction, drafts as well |
//! | `Words` | `incident_word` | drafts; what is written without them (`search::fill`) only adds words |
//!
//! `Asked` is what the playbook counts from (`incident::asked`): of the incident, its roles, affected clients, ticked items, pages (whom, when, answered,
//! lost), marks, report, review and follow-ups, all of which drafts write.
//!
//! A timeline that is walked from its beginning is read from the database all the same, so that who verifies its hashes, here or from outside, sees
//! what is stored.
//!
//! `Fragment` is a selection on the incident as it was written into an answer, by the API, which says what follows from the parts above alone. It has
//! the files of events in it, which come and go with these, and names of people, clients and sites, so it counts only while `incident::names` has the
//! mark that was there before they were read.
//!
//! Of clients, sites and people only the ids are kept otherwise, because they change by themselves. Not kept, because there are ways around the door:
//! deliveries and whether they arrived, pages (opened, secrets that are forgotten), offers of roles (secrets), alerts that are heard again,
//! files (their bytes are removed later), messages and channels of the chat, comments for a review, what endpoints were sent. Nor is what
//! depends on the caller, the clock or the playbook: it is made of these parts at each look.
//!
//! Bounded by bytes, as far as they can be estimated; what was used longest ago goes first, and an older version when a newer one comes.

use std::any::Any;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use entity::{
    Awaited, FileIds, IncidentId, LastChanges, Timestamp, action, checklist_item, client_update, follow_up, goal, incident,
    incident_access, incident_client, incident_import, incident_site, report, review, role_assignment, step, ticket, timeline_event,
    triage_answer,
};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use sea_orm::prelude::Uuid;

/// What the cache itself needs for a part, roughly.
const OVERHEAD: usize = 256;

/// One version of one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The incident.
    pub incident: IncidentId,
    /// Its number.
    pub number: i32,
    /// When it was written.
    pub changed_at: Timestamp,
}

impl From<&incident::Model> for Version {
    fn from(row: &incident::Model) -> Self {
        Self { incident: row.id, number: row.version, changed_at: row.changed_at }
    }
}

/// The incidents, each once: one may be there in two versions.
pub(super) fn incidents(versions: &[Version]) -> Vec<IncidentId> {
    let mut ids: Vec<IncidentId> = versions.iter().map(|version| version.incident).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// All names that are shown in incidents, as they are since a certain change ([`super::names`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names(pub(super) Uuid);

/// What somebody selects of an incident, as a text with all its arguments.
#[derive(Clone, Debug)]
pub struct Selection {
    text: Arc<str>,
    /// Found once, as it is looked up for each incident of a list.
    hash: u64,
}

impl Selection {
    /// Two are the same if their texts are.
    pub fn new(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self { text: text.into(), hash: hasher.finish() }
    }
}

impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for Selection {}

impl Hash for Selection {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A part of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Its own row.
    Row,
    /// Roles that are or were held.
    Roles,
    /// Goals that were ever confirmed.
    Goals,
    /// Ticked items.
    Checklist,
    /// Actions in any state.
    Actions,
    /// Affected clients.
    Clients,
    /// Sites it is about.
    Sites,
    /// With whom it is shared.
    Access,
    /// Answers to what is asked of a report.
    Triage,
    /// What people were told of its steps, and how these were settled.
    Steps,
    /// Updates to its clients, sent or not.
    ClientUpdates,
    /// Its tickets.
    Tickets,
    /// Its follow-ups.
    FollowUps,
    /// Its report.
    Report,
    /// Its review.
    Review,
    /// How it came here, if from an archive.
    Import,
    /// So many events at the end of its timeline.
    Last(i32),
    /// The events after the first number, up to the second.
    Events(i32, i32),
    /// What its steps are made of.
    Asked,
    /// What an answer to this selection says.
    Fragment(Selection),
    /// Some of the words that it is found by.
    Words,
}

impl Part {
    /// What it is called in metrics.
    fn name(&self) -> &'static str {
        if matches!(self, Self::Fragment(_)) { "fragment" } else { "rows" }
    }

    /// Bytes beside what is kept.
    fn bytes(&self) -> usize {
        if let Self::Fragment(selection) = self { selection.text.len() } else { 0 }
    }
}

/// What can be kept, and what it takes.
pub trait Weighed: Send + Sync + 'static {
    /// Bytes in memory, roughly.
    fn bytes(&self) -> usize;
}

impl<T: Weighed> Weighed for Vec<T> {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.iter().map(Weighed::bytes).sum::<usize>()
    }
}

impl<T: Weighed> Weighed for Arc<T> {
    fn bytes(&self) -> usize {
        // Two counters, and whoever points there.
        3 * size_of::<usize>() + T::bytes(self)
    }
}

/// Says which columns of each table have their values elsewhere.
macro_rules! weighed {
    ($($table:ident: [$($column:ident),*],)+) => {
        $(impl Weighed for $table::Model {
            fn bytes(&self) -> usize {
                size_of::<Self>() $(+ self.$column.elsewhere())*
            }
        })+
    };
}

weighed! {
    action: [title],
    checklist_item: [goal, item, evidence],
    client_update: [body, clients],
    follow_up: [title, description, board, reason, card_id, card_url, card],
    goal: [goal, evidence],
    incident: [name, client_name, summary, impact_description, last_hash, awaited, last_changes],
    incident_access: [],
    incident_client: [note],
    incident_import: [formerly],
    incident_site: [],
    report: [review_waived],
    review: [place, override_reason, notes, recording_url, file_ids],
    role_assignment: [handover_note],
    step: [key, note],
    ticket: [external_id, url, subject, status],
    timeline_event: [text, details, hash],
    triage_answer: [criterion, note],
}

/// A value that has more to it than what is in its row.
trait Elsewhere {
    fn elsewhere(&self) -> usize;
}

impl Elsewhere for String {
    fn elsewhere(&self) -> usize {
        self.capacity()
    }
}

impl Elsewhere for Vec<u8> {
    fn elsewhere(&self) -> usize {
        self.capacity()
    }
}

impl Elsewhere for serde_json::Value {
    fn elsewhere(&self) -> usize {
        match self {
            Self::String(text) => text.capacity(),
            Self::Array(values) => values.iter().map(|value| size_of_val(value) + value.elsewhere()).sum(),
            // A tree, half empty.
            Self::Object(fields) => fields.iter().map(|(name, value)| 2 * size_of_val(value) + name.capacity() + value.elsewhere()).sum(),
            Self::Null | Self::Bool(_) | Self::Number(_) => 0,
        }
    }
}

impl Elsewhere for FileIds {
    fn elsewhere(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}

impl Elsewhere for Awaited {
    fn elsewhere(&self) -> usize {
        size_of_val(self.0.as_slice())
    }
}

impl Elsewhere for LastChanges {
    fn elsewhere(&self) -> usize {
        // A tree, half empty.
        self.fields.values().map(|change| 2 * size_of_val(change)).sum()
    }
}

impl<T: Elsewhere> Elsewhere for Option<T> {
    fn elsewhere(&self) -> usize {
        self.as_ref().map_or(0, Elsewhere::elsewhere)
    }
}

/// A part as one version has it.
#[derive(Clone)]
struct Entry {
    version: Version,
    content: Arc<dyn Any + Send + Sync>,
    bytes: u32,
}

/// Parts of incidents.
pub struct Kept(Option<Cache<(IncidentId, Part), Entry>>);

impl Kept {
    /// Room for `bytes`; none keeps nothing.
    pub fn new(bytes: u64) -> Self {
        let cache = || {
            let weigh = |_: &(IncidentId, Part), entry: &Entry| entry.bytes;
            Cache::builder().eviction_policy(EvictionPolicy::lru()).weigher(weigh).max_capacity(bytes).build()
        };
        Self((bytes > 0).then(cache))
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A part as `version` has it, if that is known.
    pub fn get<T: Any + Send + Sync>(&self, version: Version, part: Part) -> Option<Arc<T>> {
        self.get_if(version, part, |_| true)
    }

    /// The incident's row in this version, when people must be reminded of it next at `next_due_at`.
    pub fn row(&self, version: Version, next_due_at: Option<Timestamp>) -> Option<Arc<incident::Model>> {
        self.get_if(version, Part::Row, |row: &incident::Model| row.next_due_at == next_due_at)
    }

    /// The incident's row as this process last read or wrote it. It may be old.
    pub fn newest(&self, incident: IncidentId) -> Option<Arc<incident::Model>> {
        self.0.as_ref()?.get(&(incident, Part::Row))?.content.downcast().ok()
    }

    /// A part as `version` has it, if that is known and still `holds`.
    pub fn get_if<T: Any + Send + Sync>(&self, version: Version, part: Part, holds: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let name = part.name();
        self.0.as_ref()?;
        let found = self.find(version, part).filter(|content: &Arc<T>| holds(content));
        match found {
            Some(_) => metrics::counter!("muster_cache_hits_total", "part" => name).increment(1),
            None => metrics::counter!("muster_cache_misses_total", "part" => name).increment(1),
        }
        found
    }

    /// The same as [`Self::get`] for a part that nobody reads if it is not known.
    pub fn find<T: Any + Send + Sync>(&self, version: Version, part: Part) -> Option<Arc<T>> {
        let entry = self.0.as_ref()?.get(&(version.incident, part)).filter(|entry| entry.version == version);
        entry.and_then(|entry| entry.content.downcast().ok())
    }

    /// Keeps a part that is proved to be of `version`.
    pub fn keep<T: Weighed>(&self, version: Version, part: Part, content: Arc<T>) {
        let Some(cache) = &self.0 else { return };
        let bytes = u32::try_from(OVERHEAD + part.bytes() + content.bytes()).unwrap_or(u32::MAX);
        cache.insert((version.incident, part), Entry { version, content, bytes });
    }

    /// How many bytes are kept.
    pub fn bytes(&self) -> u64 {
        let Some(cache) = &self.0 else { return 0 };
        cache.run_pending_tasks();
        cache.weighted_size()
    }
}

#[cfg(test)]
mod tests {
    use entity::ActionId;

    use super::*;

    const ROOM: u64 = 1024 * 1024;

    fn version(incident: u128, number: i32) -> Version {
        Version { incident: IncidentId(Uuid::from_u128(incident)), number, changed_at: Timestamp::UNIX_EPOCH }
    }

    fn actions(title: &str) -> Arc<Vec<action::Model>> {
        Arc::new(vec![action::Model {
            id: ActionId(Uuid::nil()),
            incident_id: IncidentId(Uuid::nil()),
            title: title.to_owned(),
            assignee_id: None,
            state: entity::ActionState::Open,
            created_at: Timestamp::UNIX_EPOCH,
            settled_at: None,
        }])
    }

    #[test]
    fn a_part_is_of_its_version_alone() {
        let kept = Kept::new(ROOM);
        let get = |version| kept.get::<Vec<action::Model>>(version, Part::Actions);
        kept.keep(version(1, 5), Part::Actions, actions("call"));
        assert_eq!(get(version(1, 5)), Some(actions("call")));
        assert_eq!(get(version(1, 4)), None);
        assert_eq!(get(version(1, 6)), None);
        assert_eq!(get(version(2, 5)), None);
        let again = Version { changed_at: Timestamp::UNIX_EPOCH + chrono::Duration::microseconds(1), ..version(1, 5) };
        assert_eq!(get(again), None, "the same number, written at another time");
        assert!(kept.get::<Vec<action::Model>>(version(1, 5), Part::Last(1)).is_none(), "another part");
        assert!(kept.get::<Vec<goal::Model>>(version(1, 5), Part::Actions).is_none(), "another table");
        kept.keep(version(1, 6), Part::Actions, actions("write"));
        assert_eq!((get(version(1, 5)), get(version(1, 6))), (None, Some(actions("write"))), "a newer version takes its place");
    }

    #[test]
    fn bytes_are_bounded_and_what_was_used_longest_ago_goes_first() {
        let kept = Kept::new(ROOM);
        let long = "x".repeat(10_000);
        let get = |incident| kept.get::<Vec<action::Model>>(version(incident, 1), Part::Actions);
        for incident in 0..1_000 {
            kept.keep(version(incident, 1), Part::Actions, actions(&long));
            assert!(kept.bytes() <= ROOM, "after {incident}");
            // In use all the time.
            assert!(get(0).is_some(), "after {incident}");
        }
        assert!(kept.bytes() > ROOM / 2, "there is room for more");
        assert!(get(999).is_some() && get(1).is_none());
        kept.keep(version(1, 1), Part::Actions, actions(&"x".repeat(2 * 1024 * 1024)));
        assert!(kept.bytes() <= ROOM && get(1).is_none(), "more than all the room");
    }

    #[test]
    fn a_fragment_is_of_its_whole_selection() {
        let kept = Kept::new(ROOM);
        let fragment = |text: &str| Part::Fragment(Selection::new(text));
        let get = |text: &str| kept.get::<Vec<action::Model>>(version(1, 1), fragment(text)).is_some();
        kept.keep(version(1, 1), fragment("a:timeline(last:3){id:id } "), actions("call"));
        assert!(get("a:timeline(last:3){id:id } "));
        assert!(!get("a:timeline(last:4){id:id } ") && !get("b:timeline(last:3){id:id } ") && !get("a:timeline(last:3){id:kind } "));
        assert!(kept.get_if(version(1, 1), fragment("a:timeline(last:3){id:id } "), |_: &Vec<action::Model>| false).is_none());
        // Texts of which the hash is the same are told apart.
        let twin = Selection { text: "b".into(), ..Selection::new("a") };
        assert_ne!(twin, Selection::new("a"));
        let empty = kept.bytes();
        kept.keep(version(2, 1), fragment(&"x".repeat(10_000)), Arc::new(Vec::<action::Model>::new()));
        assert!(kept.bytes() > empty + 10_000, "the text of a selection counts");
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let kept = Kept::new(0);
        kept.keep(version(1, 1), Part::Actions, actions("call"));
        assert!(!kept.is_on() && kept.get::<Vec<action::Model>>(version(1, 1), Part::Actions).is_none());
        assert_eq!(kept.bytes(), 0);
    }
}
