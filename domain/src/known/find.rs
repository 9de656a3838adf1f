//! Looking for known events (R5): pages of the ops docs and past incidents, in one list, the best first.
//!
//! [`suggestions`] are for an incident: its words, alerts and sites are what is asked. [`search`] is for what somebody types. Both find
//! candidates by rows alone, rank them by what people say of them as well ([`rank`]), and only then read those that are shown, by the caller's
//! rights: what is restricted is found by who may see it, and neither counts nor displaces anything for others.

use std::collections::{BTreeMap, BTreeSet};

use entity::{IncidentId, KnownKind, alert, incident, ops_page};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::candidates::{self, Candidate, Meant, Question};
use super::excerpt::excerpt;
use super::index::{NEWEST_ALERTS, alert_name, alerts_in, kinds, of_alert, of_site, sites_in, told};
use super::rank::{self, SUGGESTED};
use super::rights::require_team;
use super::said::{Said, said};
use crate::audit::restricted;
use crate::authz::visible;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::reference;
use crate::sql::padded;
use crate::{incident as incidents, limits, validate};

/// What the words of an incident are worth.
const NAME: f64 = 1.0;
const SUMMARY: f64 = 0.6;
const ALERT: f64 = 0.6;
/// Documents that are read for each that is shown: some may not be seen.
const READ_FOR_EACH: usize = 4;

/// Something known.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is.
    pub what: Known,
    /// How well it fits, of 1.
    pub score: f64,
    /// The sentence that matters.
    pub excerpt: String,
    /// Why it was found.
    pub reasons: Vec<Reason>,
    /// What people say of it.
    pub said: Said,
}

/// A page of the ops docs or a past incident.
#[derive(Clone, Debug)]
pub enum Known {
    /// A page.
    Page(ops_page::Model),
    /// An incident.
    Incident(Box<incident::Model>),
}

impl Known {
    /// What people call it.
    pub fn title(&self) -> &str {
        match self {
            Self::Page(page) => &page.title,
            Self::Incident(incident) => &incident.name,
        }
    }

    /// What ratings of it are kept under: it lasts when pages are read again and incidents go to another server.
    pub fn subject(&self) -> String {
        match self {
            Self::Page(page) => page.path.clone(),
            Self::Incident(incident) => incident.id.to_string(),
        }
    }

    /// Where it is: a page's path, an incident's reference.
    pub fn path(&self) -> String {
        match self {
            Self::Page(page) => page.path.clone(),
            Self::Incident(incident) => reference(incident),
        }
    }
}

/// Why something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is about an alert that fired.
    SameAlert,
    /// It is about a site that is affected.
    SameSite,
    /// It has words in common.
    SimilarWords,
}

/// What may be known about the incident, which the caller has seen; nothing for who came by the link of a page.
pub async fn suggestions(ctx: &Ctx, row: &incident::Model) -> Result<Vec<Found>> {
    if require_team(ctx).is_err() {
        return Ok(Vec::new());
    }
    let mut question = Question::default();
    question.ask(&row.name, NAME);
    let fired = fired(ctx, row.id).await?;
    for alert in &fired {
        question.ask(alert_name(alert).unwrap_or_default(), ALERT);
        question.ask(&alert.title, ALERT);
    }
    question.ask(row.summary.as_deref().unwrap_or_default(), SUMMARY);
    question.about(alerts_in(&fired));
    question.about(sites_in(incidents::sites_of(ctx, &[row.id]).await?.iter().map(|(_, site)| site)));
    let asked = Asked { question, but: Some(row.number), least: SUGGESTED, first: limits::SUGGESTIONS, score: rank::fit };
    looked(ctx, &asked, Some(row.id)).await
}

/// One alert of each kind that fired for the incident, the newest first.
async fn fired(ctx: &Ctx, incident: IncidentId) -> Result<Vec<alert::Model>> {
    use alert::Column::{Id, IncidentId, StartsAt};
    let newest =
        alert::Entity::find().filter(IncidentId.eq(incident)).order_by_desc(StartsAt).order_by_desc(Id).limit(u64::from(NEWEST_ALERTS));
    Ok(kinds(newest.all(ctx.db.read()).await?))
}

/// What is known about `text`, at most `first`.
///
/// # Errors
/// `BAD_USER_INPUT` for a text that is empty or too long, or for more than can be found at once; `FORBIDDEN` for who came by the link of a page.
pub async fn search(ctx: &Ctx, text: &str, first: usize) -> Result<Vec<Found>> {
    require_team(ctx)?;
    if first > limits::KNOWN_FOUND {
        return Err(Error::invalid("first", format!("first must be between 0 and {}.", limits::KNOWN_FOUND)));
    }
    let Some(text) = validate::search("text", Some(text))? else {
        return Err(Error::invalid("text", "text must not be blank: say what happens, such as `disk full` or the name of an alert."));
    };
    let mut question = Question::default();
    question.ask(&text, NAME);
    question.about([of_alert(&text), of_site(&text)]);
    let asked = Asked { question, but: None, least: f64::MIN_POSITIVE, first, score: rank::answer };
    looked(ctx, &asked, None).await
}

/// What is asked, and how it is ranked.
struct Asked {
    question: Question,
    /// The number of the incident that asks.
    but: Option<i32>,
    /// What fits less is not shown.
    least: f64,
    first: usize,
    score: fn(&[rank::Asked], &rank::Evidence) -> f64,
}

/// A candidate with what it is.
struct Read {
    candidate: Candidate,
    known: Known,
    score: f64,
    said: Said,
}

async fn looked(ctx: &Ctx, asked: &Asked, within: Option<IncidentId>) -> Result<Vec<Found>> {
    let (meant, mut candidates) = candidates::find(ctx, &asked.question).await?;
    candidates.retain(|one| one.kind == KnownKind::Page || Some(one.doc) != asked.but);
    let of_kind: BTreeMap<KnownKind, Vec<rank::Asked>> = KnownKind::ALL.into_iter().map(|kind| (kind, meant.asked(kind))).collect();
    let score = |one: &Candidate| (asked.score)(&of_kind[&one.kind], &one.evidence);
    // Of each kind the best, so that none that the caller may not see stands in the way of others.
    let most = asked.first.saturating_mul(READ_FOR_EACH).max(READ_FOR_EACH);
    let mut best = Vec::new();
    for kind in KnownKind::ALL {
        let theirs = candidates.iter().filter(|one| one.kind == kind).map(|one| (score(one), one.clone()));
        let mut theirs: Vec<(f64, Candidate)> = theirs.filter(|(score, _)| *score > 0.0).collect();
        theirs.sort_by(|one, other| other.0.total_cmp(&one.0).then(other.1.doc.cmp(&one.1.doc)));
        theirs.truncate(most);
        best.extend(theirs.into_iter().map(|(_, one)| one));
    }
    let known = read(ctx, best).await?;
    let subjects: Vec<String> = known.iter().map(|(_, known)| known.subject()).collect();
    let said = said(ctx, &subjects, within).await?;
    let mut found: Vec<Read> = known
        .into_iter()
        .map(|(mut candidate, known)| {
            let said = said.get(&known.subject()).copied().unwrap_or_default();
            (candidate.evidence.helped, candidate.evidence.outdated) = (said.helped, said.outdated);
            Read { score: score(&candidate), candidate, known, said }
        })
        .filter(|one| one.score >= asked.least)
        .collect();
    found.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.known.subject().cmp(&other.known.subject())));
    found.truncate(asked.first);
    shown(ctx, &meant, found).await
}

/// The rows of candidates, as far as the caller may see them.
async fn read(ctx: &Ctx, candidates: Vec<Candidate>) -> Result<Vec<(Candidate, Known)>> {
    let numbers = |is_page: bool| {
        let of_kind = candidates.iter().filter(move |one| (one.kind == KnownKind::Page) == is_page);
        of_kind.map(|one| one.doc).collect::<Vec<i32>>()
    };
    let (pages, incidents) = (numbers(true), numbers(false));
    let pages = if pages.is_empty() {
        Vec::new()
    } else {
        ops_page::Entity::find().filter(ops_page::Column::Number.is_in(padded(&pages))).all(ctx.db.read()).await?
    };
    let incidents = if incidents.is_empty() {
        Vec::new()
    } else {
        visible(&ctx.actor).filter(incident::Column::Number.is_in(padded(&incidents))).all(ctx.db.read()).await?
    };
    let known = |candidate: &Candidate| match candidate.kind {
        KnownKind::Page => pages.iter().find(|page| page.number == candidate.doc).cloned().map(Known::Page),
        KnownKind::Open | KnownKind::Restricted => {
            incidents.iter().find(|incident| incident.number == candidate.doc).cloned().map(Box::new).map(Known::Incident)
        }
    };
    let mut read: Vec<(Candidate, Known)> = candidates.iter().filter_map(|one| Some((one.clone(), known(one)?))).collect();
    // One that was just hidden, or opened, can be found as both for a moment.
    let mut seen = BTreeSet::new();
    read.retain(|(_, known)| seen.insert(known.subject()));
    Ok(read)
}

/// With excerpts and reasons. That somebody sees what is restricted is recorded first; where it can't be, it is left out.
async fn shown(ctx: &Ctx, meant: &Meant, mut found: Vec<Read>) -> Result<Vec<Found>> {
    let rows: Vec<incident::Model> = found.iter().filter_map(|one| incident_of(&one.known)).cloned().collect();
    match restricted::saw_rows(ctx, &rows).await {
        Ok(()) => {}
        Err(Error::Unrecorded { incidents, .. }) => {
            found.retain(|one| incident_of(&one.known).is_none_or(|row| !incidents.contains(&row.id)));
        }
        Err(error) => return Err(error),
    }
    let told = told(ctx, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    let text = |known: &Known| match known {
        Known::Page(page) => page.text.clone(),
        Known::Incident(row) => {
            let told = told.iter().filter(|(id, _)| *id == row.id).map(|(_, text)| text.as_str());
            let facts = [&row.summary, &row.impact_description].into_iter().flatten().map(String::as_str);
            facts.chain(told).collect::<Vec<_>>().join("\n\n")
        }
    };
    let found = found.into_iter().map(|one| {
        let worths = meant.worths(one.candidate.kind);
        let evidence = &one.candidate.evidence;
        let reasons = [
            (evidence.same_alert, Reason::SameAlert),
            (evidence.same_site, Reason::SameSite),
            (!evidence.words.is_empty(), Reason::SimilarWords),
        ];
        Found {
            excerpt: excerpt(&text(&one.known), &worths),
            reasons: reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect(),
            // Two digits: more would tell of what is counted.
            score: (one.score * 100.0).round() / 100.0,
            said: one.said,
            what: one.known,
        }
    });
    Ok(found.collect())
}

fn incident_of(known: &Known) -> Option<&incident::Model> {
    match known {
        Known::Page(_) => None,
        Known::Incident(incident) => Some(incident),
    }
}
