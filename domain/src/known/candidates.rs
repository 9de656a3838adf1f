//! What may fit: the few documents that are worth a look, found by rows alone.
//!
//! First, how many documents have each word, counted up to a bound. A word that none has may be misspelt, and is looked for as what it may be
//! meant for. Then, for each kind of document, those that have the rarest of the words, best first. Each is a few ranges of the primary key of
//! `known_term`, bounded however many documents there are. The kinds do not crowd each other out, so that what is restricted does not show
//! by what it would displace. For the same reason rarities are counted without it, and of what is restricted only what the caller may see is
//! looked at: who may see one such incident would otherwise lose it among others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{KnownKind, incident, known_near, known_term, ops_reading};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveEnum, ColumnTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Statement, Value};

use super::index::{is_alert, is_site};
use super::rank::{Asked, Evidence, rarity};
use super::words::{Word, is_near, may_be_misspelt, nears, words};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;

/// Words that are looked for at once.
const WORDS: usize = 24;
/// Of those, the rarest by which documents are found.
const RAREST: usize = 10;
/// Alerts and sites that are looked for at once.
const ABOUT: usize = 64;
/// Documents up to which those that have a word are counted.
const COUNTED: u32 = 1_000;
/// Above this number of documents, rarities are as of so many.
const ALL: u32 = 4 * COUNTED;
/// Documents that have a word, of which the newest are looked at.
const OF_WORD_PAGES: u32 = 2_000;
const OF_WORD_INCIDENTS: u32 = 500;
/// Documents of each kind that are looked at closely.
const CLOSELY: u32 = 40;
/// Words that a misspelt one may be meant for.
const MEANT: usize = 3;
/// What a word counts for that is only guessed, and then as it was written: it may stand in what few can read.
const GUESSED: f64 = 0.8;
const AS_WRITTEN: f64 = 0.1;
/// What an alert in common, and a site, counts for when documents are found.
const BY_ALERT: f64 = 20.0;
const BY_SITE: f64 = 1.0;

/// Restricted incidents that are shared with a person, up to the person's id. It only narrows: what is shown is read by [`crate::authz::visible`].
const SHARED_WITH: &str =
    " AND doc IN (SELECT number FROM incident WHERE id IN (SELECT incident_id FROM incident_access WHERE person_id = ";

/// What is asked, in words.
#[derive(Clone, Debug, Default)]
pub struct Question {
    words: Vec<(Word, f64)>,
    about: BTreeSet<String>,
}

impl Question {
    /// Asks for the words of `text`, each worth `weight`. The first [`WORDS`] count.
    pub fn ask(&mut self, text: &str, weight: f64) {
        for word in words(text) {
            if self.words.len() == WORDS {
                break;
            }
            if !self.words.iter().any(|(known, _)| known.stem == word.stem) {
                self.words.push((word, weight));
            }
        }
    }

    /// Asks for alerts and sites, by their terms. The first [`ABOUT`] count.
    pub fn about(&mut self, terms: impl IntoIterator<Item = String>) {
        let room = ABOUT - self.about.len();
        self.about.extend(terms.into_iter().take(room));
    }
}

/// What was asked, as it was found to be meant.
pub struct Meant {
    /// The stems, in order, and what each is worth to who asks.
    stems: Vec<(String, f64)>,
    /// How many pages, and open incidents, have each.
    found: HashMap<String, (u32, u32)>,
    pages: u32,
    incidents: u32,
    about: BTreeSet<String>,
}

impl Meant {
    /// What is asked of documents of this kind.
    pub fn asked(&self, kind: KnownKind) -> Vec<Asked> {
        self.stems.iter().map(|(stem, weight)| Asked { weight: *weight, rarity: self.rarity(kind, stem) }).collect()
    }

    /// The stems, and what each is worth in documents of this kind.
    pub fn worths(&self, kind: KnownKind) -> BTreeMap<&str, f64> {
        self.stems.iter().map(|(stem, weight)| (stem.as_str(), weight * self.rarity(kind, stem))).collect()
    }

    fn rarity(&self, kind: KnownKind, stem: &str) -> f64 {
        let (pages, incidents) = self.found.get(stem).copied().unwrap_or_default();
        match kind {
            KnownKind::Page => rarity(pages, Ord::min(self.pages, ALL)),
            KnownKind::Open | KnownKind::Restricted => rarity(incidents, Ord::min(self.incidents, ALL)),
        }
    }
}

/// A document that may fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub kind: KnownKind,
    /// Its number.
    pub doc: i32,
    /// What it has of what is asked; what people say of it is for others to add.
    pub evidence: Evidence,
}

/// Finds out what is meant, and what may fit.
pub async fn find(ctx: &Ctx, question: &Question) -> Result<(Meant, Vec<Candidate>)> {
    let meant = understand(ctx, question).await?;
    let mut candidates = Vec::new();
    for kind in KnownKind::ALL {
        candidates.extend(of_kind(ctx, &meant, kind).await?);
    }
    Ok((meant, candidates))
}

async fn understand(ctx: &Ctx, question: &Question) -> Result<Meant> {
    let stems: Vec<String> = question.words.iter().map(|(word, _)| word.stem.clone()).collect();
    let mut found = count(ctx, &stems).await?;
    let is_unknown = |word: &&Word| found.get(&word.stem).is_none_or(|found| *found == (0, 0)) && may_be_misspelt(&word.word);
    let unknown: Vec<&Word> = question.words.iter().map(|(word, _)| word).filter(is_unknown).collect();
    let guesses = guess(ctx, &unknown).await?;
    let mut meant: Vec<(String, f64)> = Vec::new();
    for (word, weight) in &question.words {
        let instead = guesses.get(&word.word).into_iter().flatten();
        meant.extend(instead.clone().map(|stem| (stem.clone(), weight * GUESSED)));
        let is_guessed = instead.count() > 0;
        meant.push((word.stem.clone(), if is_guessed { weight * AS_WRITTEN } else { *weight }));
    }
    let mut seen = BTreeSet::new();
    meant.retain(|(stem, _)| seen.insert(stem.clone()));
    let new: Vec<String> = meant.iter().map(|(stem, _)| stem.clone()).filter(|stem| !found.contains_key(stem)).collect();
    found.extend(count(ctx, &new).await?);
    let (pages, incidents) = all(ctx).await?;
    Ok(Meant { stems: meant, found, pages, incidents, about: question.about.clone() })
}

/// About how many pages and incidents there are, without counting 100,000: the number of an incident is no secret.
async fn all(ctx: &Ctx) -> Result<(u32, u32)> {
    let pages = ops_reading::Entity::find().one(ctx.db.read()).await?.map_or(0, |reading| reading.pages);
    let newest = incident::Entity::find().select_only().column_as(incident::Column::Number.max(), "newest");
    let newest: Option<Option<i32>> = newest.into_tuple().one(ctx.db.read()).await?;
    let number = |number: i32| u32::try_from(number).unwrap_or_default();
    Ok((number(pages), number(newest.flatten().unwrap_or_default())))
}

#[derive(FromQueryResult)]
struct Count {
    term: String,
    pages: i64,
    incidents: i64,
}

/// How many pages, and open incidents, have each of `stems`; at most [`COUNTED`].
async fn count(ctx: &Ctx, stems: &[String]) -> Result<HashMap<String, (u32, u32)>> {
    if stems.is_empty() {
        return Ok(HashMap::new());
    }
    let mut text = Text::new(ctx.db.backend());
    text.push("WITH sought(term) AS (VALUES ");
    for (number, stem) in padded(stems).into_iter().enumerate() {
        text.push(if number > 0 { ", (" } else { "(" });
        text.bind(stem, "text");
        text.push(")");
    }
    let having = |kind: KnownKind| {
        let kind = kind.to_value();
        format!(
            "(SELECT COUNT(*) FROM (SELECT 1 AS one FROM known_term k WHERE k.kind = {kind} AND k.term = sought.term LIMIT {COUNTED}) AS had)"
        )
    };
    let (pages, incidents) = (having(KnownKind::Page), having(KnownKind::Open));
    text.push(&format!(") SELECT sought.term AS term, {pages} AS pages, {incidents} AS incidents FROM sought"));
    let rows = Count::find_by_statement(text.statement()).all(ctx.db.read()).await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(COUNTED);
    Ok(rows.into_iter().map(|row| (row.term, (number(row.pages), number(row.incidents)))).collect())
}

/// For each misspelt word, the stems of what it may be meant for. One that is written somewhere is meant.
async fn guess(ctx: &Ctx, unknown: &[&Word]) -> Result<HashMap<String, Vec<String>>> {
    let near: BTreeSet<String> = unknown.iter().flat_map(|word| nears(&word.word)).collect();
    if near.is_empty() {
        return Ok(HashMap::new());
    }
    let near: Vec<String> = near.into_iter().collect();
    let rows = known_near::Entity::find().filter(known_near::Column::Near.is_in(padded(&near))).all(ctx.db.read()).await?;
    let known: BTreeSet<String> = rows.into_iter().map(|row| row.word).collect();
    let mut guesses = HashMap::new();
    for word in unknown.iter().filter(|word| !known.contains(&word.word)) {
        let mut near: Vec<&String> = known.iter().filter(|known| is_near(&word.word, known)).collect();
        near.sort_by_key(|known| (strsim::osa_distance(&word.word, known), *known));
        let stems: Vec<String> = near.into_iter().take(MEANT).flat_map(|known| words(known)).map(|word| word.stem).collect();
        if !stems.is_empty() {
            guesses.insert(word.word.clone(), stems);
        }
    }
    Ok(guesses)
}

#[derive(FromQueryResult)]
struct Doc {
    doc: i32,
}

async fn of_kind(ctx: &Ctx, meant: &Meant, kind: KnownKind) -> Result<Vec<Candidate>> {
    let mut terms: Vec<(&str, f64)> = meant.worths(kind).into_iter().collect();
    terms.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(other.0)));
    terms.truncate(RAREST);
    terms.extend(meant.about.iter().map(|term| (term.as_str(), if is_alert(term) { BY_ALERT } else { BY_SITE })));
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    // Few lengths of the list, and so few statements for the database to prepare; no document has the empty term.
    terms.resize(terms.len().next_multiple_of(4), ("", 0.0));
    let newest = if kind == KnownKind::Page { OF_WORD_PAGES } else { OF_WORD_INCIDENTS };
    let participant = ctx.actor.person_id().filter(|_| kind == KnownKind::Restricted && !ctx.actor.sees_restricted());
    let mut text = Text::new(ctx.db.backend());
    text.push("SELECT doc FROM (");
    for (number, (term, worth)) in terms.iter().enumerate() {
        text.push(if number > 0 { " UNION ALL SELECT * FROM (" } else { "SELECT * FROM (" });
        text.push("SELECT doc, weight * ");
        text.bind(*worth, "float8");
        text.push(&format!(" AS score FROM known_term WHERE kind = {} AND term = ", kind.to_value()));
        text.bind(*term, "text");
        if let Some(person) = participant {
            text.push(SHARED_WITH);
            text.bind(person.0, "uuid");
            text.push("))");
        }
        text.push(&format!(" ORDER BY doc DESC LIMIT {newest}) AS of_term_{number}"));
    }
    text.push(&format!(") AS found GROUP BY doc ORDER BY SUM(score) DESC, doc DESC LIMIT {CLOSELY}"));
    let docs: Vec<i32> = Doc::find_by_statement(text.statement()).all(ctx.db.read()).await?.into_iter().map(|row| row.doc).collect();
    closely(ctx, meant, kind, &docs).await
}

/// What the documents have of all that is asked.
async fn closely(ctx: &Ctx, meant: &Meant, kind: KnownKind, docs: &[i32]) -> Result<Vec<Candidate>> {
    use known_term::Column::{Doc, Kind, Term};
    if docs.is_empty() {
        return Ok(Vec::new());
    }
    let terms: Vec<String> = meant.stems.iter().map(|(stem, _)| stem).chain(&meant.about).cloned().collect();
    let theirs = Kind.eq(kind).and(Term.is_in(padded(&terms))).and(Doc.is_in(padded(docs)));
    let rows = known_term::Entity::find().filter(theirs).all(ctx.db.read()).await?;
    let of_doc = |doc: &i32| {
        let mut evidence = Evidence::default();
        for row in rows.iter().filter(|row| row.doc == *doc) {
            evidence.same_alert |= is_alert(&row.term);
            evidence.same_site |= is_site(&row.term);
            if let Some(place) = meant.stems.iter().position(|(stem, _)| *stem == row.term) {
                evidence.words.push((place, f64::from(row.weight) / 100.0));
            }
        }
        Candidate { kind, doc: *doc, evidence }
    };
    Ok(docs.iter().map(of_doc).collect())
}

/// A statement with values, as both databases read it.
struct Text {
    backend: DbBackend,
    sql: String,
    values: Vec<Value>,
}

impl Text {
    fn new(backend: DbBackend) -> Self {
        Self { backend, sql: String::new(), values: Vec::new() }
    }

    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// A value, and what PostgreSQL calls its type.
    fn bind(&mut self, value: impl Into<Value>, kind: &str) {
        self.values.push(value.into());
        let place = match self.backend {
            DbBackend::Postgres => format!("${}::{kind}", self.values.len()),
            _ => "?".to_owned(),
        };
        self.sql.push_str(&place);
    }

    fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.sql, self.values)
    }
}
