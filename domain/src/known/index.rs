//! What pages and incidents can be found by, as rows (`known_term`): for each the stems of its words with what each says of it, and the alerts and
//! sites that it is about.
//!
//! Why rows of our own: the databases' own full texts rank and misspell in two ways, an index in memory costs each process some 30 MB with
//! 100,000 incidents and its start seconds, and an index in files would be a second store to keep in step and to back up. A look-up here is a
//! few ranges of one primary key on both databases.
//!
//! Pages are written by [`super::ops`] together with what they can be found by. Incidents are by a chore ([`incidents`]) once nothing has
//! changed in them for some seconds, so that no change waits for it. What a reader sees is never from here: rows are read again, by their rights.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use entity::{
    IncidentId, IncidentStatus, KnownKind, TimelineKind, Visibility, alert, incident, known_near, known_term, report_section, site,
    timeline_event,
};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use url::Url;

use super::words::{Place, Weighed, may_be_misspelt, nears};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;
use crate::{alerts, incident as incidents_of, limits};

/// Sections of a report that say what it was and what helped, by their names in the playbook.
const TELLING: [&str; 3] = ["explanation", "helped", "overview"];
/// Events that say how it ended.
const ENDINGS: [TimelineKind; 2] = [TimelineKind::Resolved, TimelineKind::Declined];
/// Rows in one statement.
const ROWS_AT_ONCE: usize = 500;
/// Alerts of an incident that count: a storm has hundreds of the same.
const ALERTS: usize = 20;
/// The newest alerts of an incident, among which these are: a storm has thousands.
pub const NEWEST_ALERTS: u32 = 200;
/// What an alert, and a site, says of a document that is about it.
const WHOLE: i16 = 100;

/// The term of an alert, by its name or title.
pub fn of_alert(name: &str) -> String {
    term("alert", name.trim())
}

/// The term of a site, by its name, host or address.
pub fn of_site(name: &str) -> String {
    let name = name.trim();
    let host = Url::parse(name).ok().and_then(|url| url.host_str().map(str::to_owned));
    let name = host.as_deref().unwrap_or(name);
    term("site", name.strip_prefix("www.").unwrap_or(name))
}

/// No word has a colon.
fn term(kind: &str, name: &str) -> String {
    format!("{kind}:{}", name.to_lowercase().chars().filter(|c| !c.is_control()).take(limits::NAME_CHARS).collect::<String>())
}

/// Whether a term is an alert's.
pub fn is_alert(term: &str) -> bool {
    term.starts_with("alert:")
}

/// Whether a term is a site's.
pub fn is_site(term: &str) -> bool {
    term.starts_with("site:")
}

/// The terms of the alerts in `rows`: of their names, where their source gives them one, and of their titles.
pub fn alerts_in(rows: &[alert::Model]) -> BTreeSet<String> {
    rows.iter().flat_map(|row| [alert_name(row), Some(row.title.as_str())]).flatten().map(of_alert).collect()
}

/// One alert of each kind, the newest first.
pub fn kinds(mut alerts: Vec<alert::Model>) -> Vec<alert::Model> {
    alerts.sort_by_key(|row| (Reverse(row.starts_at), row.id));
    let mut seen = BTreeSet::new();
    alerts.retain(|row| alert_name(row).is_none_or(|name| seen.insert(name.to_owned())));
    alerts.truncate(ALERTS);
    alerts
}

/// What the source calls an alert of this kind.
pub fn alert_name(row: &alert::Model) -> Option<&str> {
    [&row.labels["labels"], &row.labels].into_iter().find_map(|labels| labels["alertname"].as_str())
}

/// The terms of `sites`: of their names and hosts.
pub fn sites_in<'a>(sites: impl Iterator<Item = &'a site::Model>) -> BTreeSet<String> {
    sites.flat_map(|site| [Some(site.name.as_str()), site.url.as_deref()]).flatten().map(of_site).collect()
}

/// What one document can be found by.
pub struct Entry {
    /// What it is.
    pub kind: KnownKind,
    /// Its number.
    pub doc: i32,
    /// By term.
    pub terms: BTreeMap<String, i16>,
    /// Its words as they are written.
    pub words: BTreeSet<String>,
}

impl Entry {
    /// Of what `weighed` says, with at most `most` words, and of what it is about. Those of `spelt` among them are known to be words, so that
    /// others may be misspelt ones.
    pub fn new(
        kind: KnownKind,
        doc: i32,
        weighed: &Weighed,
        spelt: &Weighed,
        most: usize,
        about: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut terms: BTreeMap<String, i16> = weighed.terms(most).into_iter().collect();
        let is_spelt = |(word, stem): &(&str, &str)| may_be_misspelt(word) && terms.contains_key(*stem);
        let words = spelt.words().filter(is_spelt).map(|(word, _)| word.to_owned()).collect();
        terms.extend(about.into_iter().map(|term| (term, WHOLE)));
        Self { kind, doc, terms, words }
    }
}

/// Makes documents of `kinds` found by `entries` and by nothing else; those that have none are not found any more.
pub async fn replace(db: &impl ConnectionTrait, kinds: &[KnownKind], docs: &[i32], entries: &[&Entry]) -> Result<(), DbErr> {
    for docs in docs.chunks(ROWS_AT_ONCE) {
        let theirs = known_term::Column::Doc.is_in(docs.iter().copied()).and(known_term::Column::Kind.is_in(kinds.iter().copied()));
        known_term::Entity::delete_many().filter(theirs).exec(db).await?;
    }
    let rows: Vec<known_term::ActiveModel> = entries
        .iter()
        .flat_map(|entry| {
            let row = |(term, weight): (&String, &i16)| known_term::Model {
                kind: entry.kind,
                term: term.clone(),
                doc: entry.doc,
                weight: *weight,
            };
            entry.terms.iter().map(row)
        })
        .map(IntoActiveModel::into_active_model)
        .collect();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        known_term::Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    learn(db, entries).await
}

/// Remembers words that were not written before where all can read them. They are never forgotten: that one was written says nothing about where.
async fn learn(db: &impl ConnectionTrait, entries: &[&Entry]) -> Result<(), DbErr> {
    let words: BTreeSet<&String> =
        entries.iter().filter(|entry| entry.kind != KnownKind::Restricted).flat_map(|entry| &entry.words).collect();
    let words: Vec<String> = words.into_iter().cloned().collect();
    for words in words.chunks(ROWS_AT_ONCE) {
        let itself = known_near::Column::Near.is_in(padded(words)).and(known_near::Column::Word.is_in(padded(words)));
        let rows = known_near::Entity::find().filter(itself).all(db).await?;
        let known: BTreeSet<String> = rows.into_iter().filter(|row| row.near == row.word).map(|row| row.word).collect();
        let new = words.iter().filter(|word| !known.contains(*word));
        let rows = new
            .flat_map(|word| nears(word).into_iter().map(move |near| known_near::Model { near, word: word.clone() }.into_active_model()));
        let rows: Vec<known_near::ActiveModel> = rows.collect();
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let once = known_near::Entity::insert_many(rows.to_vec())
                .on_conflict_do_nothing_on([known_near::Column::Near, known_near::Column::Word]);
            once.exec_without_returning(db).await?;
        }
    }
    Ok(())
}

/// Makes the incidents `ids` found by what they say now. Those that were merged are not found: what they were merged into is.
pub async fn incidents(ctx: &Ctx, ids: &[IncidentId]) -> Result<()> {
    ctx.require(Right::Administer)?;
    let rows = incident::Entity::find().filter(incident::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    let sites = incidents_of::sites_of(ctx, ids).await?;
    let alerts = alerts::newest_of_incidents(ctx, ids, NEWEST_ALERTS).await?;
    let told = told(ctx, ids).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| row.status != IncidentStatus::Merged) {
        let alerts = kinds(alerts.iter().filter(|alert| alert.incident_id == Some(row.id)).cloned().collect());
        let about = alerts_in(&alerts).into_iter().chain(sites_in(sites.iter().filter(|(id, _)| *id == row.id).map(|(_, site)| site)));
        let kind = if row.visibility == Visibility::Open { KnownKind::Open } else { KnownKind::Restricted };
        let weighed = weighed(row, told.iter().filter(|(id, _)| *id == row.id).map(|(_, text)| text.as_str()), &alerts);
        entries.push(Entry::new(kind, row.number, &weighed, &named(row), limits::INCIDENT_TERMS, about));
    }
    let docs: Vec<i32> = rows.iter().map(|row| row.number).collect();
    let kinds = [KnownKind::Open, KnownKind::Restricted];
    let there = known_term::Entity::find().filter(known_term::Column::Doc.is_in(padded(&docs)).and(known_term::Column::Kind.is_in(kinds)));
    let there = there.all(ctx.db.read()).await?;
    // Most changes of a running incident are notes, which say nothing here.
    let (docs, entries) = changed(docs, entries, &there);
    if docs.is_empty() {
        return Ok(());
    }
    let tx = ctx.db.begin().await?;
    replace(&tx, &kinds, &docs, &entries.iter().collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(())
}

/// The documents that are found by something else than the rows `there` say, and their entries.
fn changed(docs: Vec<i32>, entries: Vec<Entry>, there: &[known_term::Model]) -> (Vec<i32>, Vec<Entry>) {
    type Terms<'a> = BTreeSet<(KnownKind, &'a str, i16)>;
    let is_changed = |doc: &i32| {
        let before: Terms<'_> = there.iter().filter(|row| row.doc == *doc).map(|row| (row.kind, row.term.as_str(), row.weight)).collect();
        let of_entry = entries.iter().find(|entry| entry.doc == *doc);
        let after: Terms<'_> =
            of_entry.into_iter().flat_map(|entry| entry.terms.iter().map(|(term, weight)| (entry.kind, term.as_str(), *weight))).collect();
        before != after
    };
    let docs: Vec<i32> = docs.into_iter().filter(is_changed).collect();
    let entries = entries.into_iter().filter(|entry| docs.contains(&entry.doc)).collect();
    (docs, entries)
}

/// How incidents ended, and what their reports say of what they were and what helped; what was redacted is gone from there.
pub(super) async fn told(ctx: &Ctx, ids: &[IncidentId]) -> Result<Vec<(IncidentId, String)>> {
    use timeline_event::Column::{IncidentId, Kind, Sequence};
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let endings = timeline_event::Entity::find().filter(IncidentId.is_in(padded(ids)).and(Kind.is_in(ENDINGS)));
    let endings = endings.order_by_desc(Sequence).all(ctx.db.read()).await?.into_iter().map(|event| (event.incident_id, event.text));
    let sections = report_section::Column::IncidentId.is_in(padded(ids)).and(report_section::Column::Key.is_in(TELLING));
    let sections = report_section::Entity::find().filter(sections).all(ctx.db.read()).await?;
    let sections = sections.into_iter().map(|section| (section.incident_id, section.body));
    Ok(endings.chain(sections).map(|(id, text)| (id, text.chars().take(limits::TOLD_CHARS).collect())).collect())
}

/// What is spelt right in an incident: its name. Of what can be redacted, no word is kept for longer than it stands there.
fn named(row: &incident::Model) -> Weighed {
    let mut named = Weighed::default();
    named.add(&row.name, Place::Title);
    named
}

fn weighed<'a>(row: &incident::Model, told: impl Iterator<Item = &'a str>, alerts: &[alert::Model]) -> Weighed {
    let mut weighed = Weighed::default();
    weighed.add(&row.name, Place::Title);
    for text in [&row.summary, &row.impact_description].into_iter().flatten() {
        weighed.add(text, Place::Body);
    }
    for alert in alerts {
        weighed.add(alert_name(alert).unwrap_or_default(), Place::Heading);
        weighed.add(&alert.title, Place::Body);
    }
    for text in told {
        weighed.add(text, Place::Body);
    }
    weighed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_the_same_by_name_host_and_address() {
        for name in ["www.Shop.example.org", "https://shop.example.org/cart?x=1", " shop.example.org "] {
            assert_eq!(of_site(name), "site:shop.example.org", "{name}");
        }
        assert_eq!(of_site("Harbour Museum"), "site:harbour museum");
        assert!(is_site(&of_site("x")) && is_alert(&of_alert("X")) && of_alert(" DiskFull ") == "alert:diskfull");
    }

    #[test]
    fn a_long_text_teaches_no_more_words_than_it_is_found_by() {
        let mut weighed = Weighed::default();
        weighed.add("replication", Place::Title);
        weighed.add("backup certificate", Place::Body);
        let entry = Entry::new(KnownKind::Page, 7, &weighed, &weighed, 1, [of_site("a")]);
        assert_eq!(entry.words, BTreeSet::from(["replication".to_owned()]));
        assert_eq!(entry.terms.len(), 2);
    }

    #[test]
    fn what_is_found_by_the_same_is_left_alone() {
        let mut weighed = Weighed::default();
        weighed.add("disk full", Place::Title);
        let entry = |kind| Entry::new(kind, 7, &weighed, &weighed, 10, [of_site("a")]);
        let row =
            |(term, weight): (&String, &i16)| known_term::Model { kind: KnownKind::Open, term: term.clone(), doc: 7, weight: *weight };
        let there: Vec<known_term::Model> = entry(KnownKind::Open).terms.iter().map(row).collect();
        assert!(changed(vec![7], vec![entry(KnownKind::Open)], &there).0.is_empty());
        assert_eq!(changed(vec![7], vec![entry(KnownKind::Restricted)], &there).0, [7], "it was hidden");
        let (docs, entries) = changed(vec![7], Vec::new(), &there);
        assert!(docs == [7] && entries.is_empty(), "it was merged");
    }
}
