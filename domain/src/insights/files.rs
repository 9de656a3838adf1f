//! Insights and the ledger as CSV.
//!
//! Called by `api` for downloads. Times are in UTC and cut to the second, as figures count them: whoever adds the files up gets the figures.
//! Incidents stand there by their reference alone. Who takes out whom was paged when is in the audit log.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::NaiveDate;
use entity::{AuditAction, PersonId, Timestamp, person};
use sea_orm::EntityTrait;
use serde_json::json;

use super::facts::{self, Filter, Names};
use super::ledger::{self, Entry, Wanted};
use super::period::Period;
use super::spread::Spread;
use super::tally::{Fact, Figures, InTime};
use super::{Insights, insights};
use crate::audit::{self, restricted};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::reference::of_number;
use crate::sheet::Sheet;

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// All figures, a line each.
    Figures,
    /// The incidents that they are made of.
    Incidents,
    /// The follow-ups of those.
    FollowUps,
    /// Who was paged how often in which month.
    Woken,
    /// Who was paged when.
    Pages,
}

impl File {
    /// All files.
    pub const ALL: [Self; 5] = [Self::Figures, Self::Incidents, Self::FollowUps, Self::Woken, Self::Pages];

    /// Its name, without the ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::Figures => "figures",
            Self::Incidents => "incidents",
            Self::FollowUps => "follow-ups",
            Self::Woken => "woken",
            Self::Pages => "pages",
        }
    }
}

/// What a file is about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Which incidents, for all files but the ledger.
    pub filter: Filter,
    /// Whose ledger; everybody's if left out.
    pub person: Option<PersonId>,
}

/// The file `file`, in UTF-8 with a header.
///
/// # Errors
/// As [`insights`] and [`Wanted::new`].
pub async fn write(ctx: &Ctx, file: File, asked: &Asked) -> Result<Vec<u8>> {
    ctx.require(Right::Read)?;
    let Asked { from, to, filter, person } = asked;
    let period = Period::new(*from, *to, ctx.playbook().working_hours.zone.clone())?;
    match file {
        File::Figures => figures(&insights(ctx, *from, *to, filter).await?),
        File::Incidents => incidents(ctx, period, filter).await,
        File::FollowUps => follow_ups(ctx, period, filter).await,
        File::Woken => {
            let list = woken(&names(ctx).await?, &insights(ctx, *from, *to, filter).await?)?;
            record(ctx, asked, file).await?;
            Ok(list)
        }
        File::Pages => {
            let wanted = Wanted::new(ctx, *from, *to, *person)?;
            let list = pages(&names(ctx).await?, &ledger::all(ctx, &wanted).await?)?;
            record(ctx, asked, file).await?;
            Ok(list)
        }
    }
}

async fn record(ctx: &Ctx, asked: &Asked, file: File) -> Result<()> {
    let entry = audit::Entry::new(AuditAction::LedgerExported);
    let entry = entry.details(json!({ "file": file.name(), "from": asked.from, "to": asked.to }));
    audit::record(ctx, if let Some(person) = asked.person { entry.about(person) } else { entry }).await
}

async fn names(ctx: &Ctx) -> Result<HashMap<PersonId, String>> {
    let people = person::Entity::find().all(ctx.db.read()).await?;
    Ok(people.into_iter().map(|person| (person.id, person.name)).collect())
}

fn time(at: impl Into<Option<Timestamp>>) -> String {
    at.into().map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn counts(counts: InTime) -> [String; 3] {
    [counts.in_time, counts.late, counts.unknown].map(|count| count.to_string())
}

async fn incidents(ctx: &Ctx, period: Period, filter: &Filter) -> Result<Vec<u8>> {
    let turn = ctx.long_turn().await?;
    let (facts, Names { sites, clients }) = tokio::try_join!(facts::facts(ctx, period, filter), facts::names(ctx))?;
    drop(turn);
    restricted::saw(ctx, facts.restricted().collect::<Vec<_>>()).await?;
    let months: Vec<&str> = facts.period.months().collect();
    let mut list = Sheet::new(&[
        "incident",
        "month",
        "severity",
        "reported_at",
        "declared_at",
        "led_at",
        "second_line_at",
        "resolved_at",
        "summaries_in_time",
        "summaries_late",
        "summaries_unknown",
        "client_updates_in_time",
        "client_updates_late",
        "client_updates_unknown",
        "sites",
        "clients",
    ])?;
    for (fact, known) in facts.of_period() {
        let Fact { number, severity, reported_at, declared_at, led_at, second_line_at, resolved_at, .. } = *fact;
        let times = [time(reported_at), time(declared_at), time(led_at), time(second_line_at), time(resolved_at)];
        let groups = [named(&known.sites, &sites), named(&known.clients, &clients)];
        let first = [of_number(number), months[facts.period.month_of(declared_at)].to_owned(), severity.to_string()];
        let rhythm = [counts(fact.summaries), counts(fact.client_updates)].concat();
        list.line(&[&first[..], &times, &rhythm, &groups].concat())?;
    }
    list.finish()
}

/// The names of an incident's sites or clients, in order.
fn named<Id: Eq + Hash>(ids: &[Id], names: &HashMap<Id, String>) -> String {
    let mut found: Vec<&str> = ids.iter().filter_map(|id| names.get(id)).map(String::as_str).collect();
    found.sort_unstable();
    found.join("; ")
}

async fn follow_ups(ctx: &Ctx, period: Period, filter: &Filter) -> Result<Vec<u8>> {
    let turn = ctx.long_turn().await?;
    let facts = facts::facts(ctx, period, filter).await?;
    drop(turn);
    restricted::saw(ctx, facts.restricted().collect::<Vec<_>>()).await?;
    let mut list = Sheet::new(&["incident", "title", "board", "state", "due_on", "created_at", "settled_at"])?;
    for row in facts.follow_ups() {
        let due = row.due_on.map(|day| day.to_string()).unwrap_or_default();
        let (title, board) = (row.title.clone(), row.board.clone());
        list.line(&[of_number(row.number), title, board, row.state.to_string(), due, time(row.created_at), time(row.settled_at)])?;
    }
    list.finish()
}

fn woken(names: &HashMap<PersonId, String>, insights: &Insights) -> Result<Vec<u8>> {
    let mut list = Sheet::new(&["month", "person", "pages", "out_of_hours", "at_night"])?;
    for row in &insights.woken {
        let name = names.get(&row.person).cloned().unwrap_or_default();
        let counts = [row.pages, row.out_of_hours, row.at_night].map(|count| count.to_string());
        list.line(&[&[row.month.clone(), name][..], &counts].concat())?;
    }
    list.finish()
}

fn pages(names: &HashMap<PersonId, String>, entries: &[Entry]) -> Result<Vec<u8>> {
    let mut list = Sheet::new(&[
        "incident",
        "person",
        "reason",
        "paged_at",
        "answered_at",
        "outcome",
        "in_time",
        "out_of_hours",
        "at_night",
        "busy_until",
    ])?;
    for entry in entries {
        list.line(&[
            of_number(entry.number),
            names.get(&entry.person_id).cloned().unwrap_or_default(),
            entry.reason.to_string(),
            time(entry.paged_at),
            time(entry.answered_at),
            entry.outcome.as_str().to_owned(),
            entry.answered_in_time.map(yes_or_no).unwrap_or_default(),
            yes_or_no(entry.is_out_of_hours),
            yes_or_no(entry.is_at_night),
            time(entry.busy_until),
        ])?;
    }
    list.finish()
}

fn figures(insights: &Insights) -> Result<Vec<u8>> {
    let mut list = FigureList(Sheet::new(&[
        "of",
        "which",
        "figure",
        "count",
        "missing",
        "invalid",
        "median_seconds",
        "p90_seconds",
        "in_time",
        "late",
        "unknown",
    ])?);
    list.all("all", "", &insights.all)?;
    list.in_time("all", "", "pages", insights.pages)?;
    list.in_time("all", "", "follow_ups", insights.follow_ups.done)?;
    list.spread("all", "", "open_follow_ups", &insights.follow_ups.open)?;
    list.count("all", "", "dropped_follow_ups", &insights.follow_ups.dropped.to_string())?;
    list.count("all", "", "declined", &insights.declined.to_string())?;
    list.count("all", "", "merged", &insights.merged.to_string())?;
    for (month, figures) in &insights.by_month {
        list.all("month", month, figures)?;
    }
    for (severity, figures) in &insights.by_severity {
        list.all("severity", severity.as_str(), figures)?;
    }
    for site in &insights.by_site {
        list.all("site", &site.name, &site.figures)?;
        list.count("site", &site.name, "repeats", &site.repeats.to_string())?;
    }
    for client in &insights.by_client {
        list.all("client", &client.name, &client.figures)?;
        list.count("client", &client.name, "repeats", &client.repeats.to_string())?;
    }
    list.0.finish()
}

/// Figures, a line each.
struct FigureList(Sheet);

impl FigureList {
    fn all(&mut self, of: &str, which: &str, figures: &Figures) -> Result<()> {
        self.count(of, which, "incidents", &figures.incidents.to_string())?;
        for (name, spread) in [
            ("to_declare", &figures.to_declare),
            ("to_lead", &figures.to_lead),
            ("to_second_line", &figures.to_second_line),
            ("to_resolve", &figures.to_resolve),
        ] {
            self.spread(of, which, name, spread)?;
        }
        self.in_time(of, which, "summaries", figures.summaries)?;
        self.in_time(of, which, "client_updates", figures.client_updates)
    }

    fn count(&mut self, of: &str, which: &str, figure: &str, count: &str) -> Result<()> {
        self.0.line(&[of, which, figure, count, "", "", "", "", "", "", ""])
    }

    fn spread(&mut self, of: &str, which: &str, figure: &str, spread: &Spread) -> Result<()> {
        let [count, missing, invalid] = [spread.count, spread.missing, spread.invalid].map(|count| count.to_string());
        let [median, p90] = [spread.median, spread.p90].map(|seconds| seconds.map(|seconds| seconds.to_string()).unwrap_or_default());
        self.0.line(&[of, which, figure, &count, &missing, &invalid, &median, &p90, "", "", ""])
    }

    fn in_time(&mut self, of: &str, which: &str, figure: &str, in_time: InTime) -> Result<()> {
        let [done, late, unknown] = counts(in_time);
        self.0.line(&[of, which, figure, "", "", "", "", "", &done, &late, &unknown])
    }
}
