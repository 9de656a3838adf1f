//! The figures as a page of Markdown, with what was promised beside them.

use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::load::median;
use crate::process;
use crate::work::Work;
use crate::yardstick::Job;

/// The rounds of one work at one scale.
pub struct Line {
    pub database: &'static str,
    pub scale: usize,
    pub work: Work,
    /// Answers of Muster a second.
    pub muster: Vec<f64>,
    /// 99th percentile of the time of an answer, in milliseconds.
    pub p99: Vec<f64>,
    /// The same in plain SQL, by what it is compared with.
    pub plain: Vec<(Job, Vec<f64>)>,
}

/// A figure that must not be above a bound.
pub struct Bounded {
    pub database: &'static str,
    pub what: String,
    pub unit: &'static str,
    pub value: f64,
    /// None if it has no bound.
    pub bound: Option<f64>,
}

/// The bound promised for a figure.
#[derive(Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// It has no bound.
    None,
}

/// A figure of several rounds with its promised bound.
pub struct Figure {
    /// Empty where it does not depend on the database.
    pub database: &'static str,
    pub what: String,
    pub unit: &'static str,
    pub rounds: Vec<f64>,
    pub bound: Bound,
}

impl Figure {
    /// A figure that does not say on which database.
    pub fn new(what: impl Into<String>, unit: &'static str, rounds: Vec<f64>, bound: Bound) -> Self {
        Self { database: "", what: what.into(), unit, rounds, bound }
    }

    fn row(&self) -> String {
        let Self { database, what, unit, rounds, bound } = self;
        let figure = median(rounds);
        let (target, verdict) = match *bound {
            Bound::AtMost(bound) => (format!("at most {bound} {unit}"), verdict(figure <= bound)),
            Bound::AtLeast(bound) => (format!("at least {bound} {unit}"), verdict(figure >= bound)),
            Bound::None => (String::new(), ""),
        };
        let (low, high) = ends(rounds);
        let [figure, low, high] = [figure, low, high].map(rounded);
        format!("| {database} | {what} | {figure} {unit} ({low}-{high}) | {target} | {verdict} |\n")
    }
}

impl Line {
    /// Why nothing can be concluded from a comparison with these rounds of plain SQL, if so.
    fn doubt(&self, rounds: &[f64]) -> Option<&'static str> {
        let of = |job| self.plain.iter().find(|(other, _)| *other == job).map(|(_, rounds)| median(rounds));
        if of(Job::Append).zip(of(Job::AppendLocked)).is_some_and(|(bare, locked)| bare < locked) {
            return Some("doubtful: bare slower than locked");
        }
        let steady = |rounds: &[f64]| {
            let (low, high) = ends(rounds);
            high <= low * SPREAD
        };
        (!steady(rounds) || !steady(&self.muster)).then_some("doubtful: rounds differ")
    }
}

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    pub machine: Vec<String>,
    pub lines: Vec<Line>,
    pub bounded: Vec<Bounded>,
    /// What readers notice of those who write beside them.
    pub beside: Vec<Figure>,
    /// What Muster does on its own.
    pub figures: Vec<Figure>,
}

/// How far apart the rounds of one figure may be before nothing is concluded from it.
const SPREAD: f64 = 1.5;
/// How much slower the largest scale may be than the smallest.
const GROWTH: f64 = 1.2;

/// What is below this line was written by hand, and stays.
const BY_HAND: &str = "<!-- Written by hand from here on: `make bench` leaves it as it is. -->";
/// The text before the figures of what readers notice of writers.
const BESIDE: &str = "## While others write

As many clients append, as fast as they can, to the incidents that board or page show; the share is that of two rounds one after the other. \
Then 16 clients write and 16 read a few incidents at once, on PostgreSQL at two servers: what each answer has is compared with what was written \
up to the version that it says. An answer that is behind ends the run. One that is ahead was read while somebody wrote.
";
/// The text before and after the figures of what Muster does on its own.
const DUTIES: &str = "## Reminders and deliveries

Server and worker in one process with 16 connections, beside the clients on the same machine; the outside system takes everything \
at once; for the update to clients it is a fake of Zendesk that answers after 50 ms and takes 100 changes a minute. In brackets the lowest and highest round.
";
const FOUND: &str = "
Forty-eight incidents are reminded of together, one portion at a time, with a rest after each. A delivery is claimed by one statement, and the \
queue of a system takes 32 jobs at once, of which 8 run.
";

impl Report {
    /// The whole page.
    pub fn markdown(&self) -> String {
        let mut page =
            String::from("# Benchmarks\n\nMade by `make bench`, which says at its start what it does. Medians of the rounds.\n\n");
        for line in &self.machine {
            page.push_str(&format!("- {line}\n"));
        }
        for part in [self.rates(), self.growth(), self.bounds(), self.beside(), self.duties()] {
            page.push_str(&part);
        }
        page
    }

    fn rates(&self) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "\n## Rates\n\n{} clients at once, at a `muster api`: no worker runs beside them. The ratio is Muster over plain SQL of the same work, measured in turns; in brackets the \
             slowest and fastest round. Where the rounds are more than a factor of 1.5 apart, or a bare append was slower than one with more to do, \
             the figure is doubtful and nothing is concluded from it. The console's board and page are what the console asks for, beside \
             a statement for each of Muster's own tables that these show. Search is for two words, in half of the cases with a rare one, beside \
             `LIKE` over names, summaries and events (one round), and beside PostgreSQL's full text search by hand. PostGraphile 5 \
             on PostgreSQL reached the figures of the last column on a machine of this kind.\n\n\
             | database | incidents | work | plain SQL /s | Muster /s | p99 ms | ratio | target | | PostGraphile 5 /s |\n\
             | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |\n",
            crate::load::CONNECTIONS
        );
        for line in &self.lines {
            let muster = median(&line.muster);
            for (job, rounds) in &line.plain {
                let (name, target, other) = promise(*job, line.database == "PostgreSQL");
                let (plain, p99) = (median(rounds), median(&line.p99));
                let ratio = muster / plain;
                let verdict = match target {
                    Some(target) => line.doubt(rounds).unwrap_or_else(|| verdict(ratio >= target)),
                    None => "",
                };
                let target = target.map_or(String::new(), |target| target.to_string());
                let other = if line.database == "PostgreSQL" { other } else { "" };
                let (database, scale) = (line.database, line.scale);
                text.push_str(&format!(
                    "| {database} | {scale} | {name} | {} ({}) | {muster:.0} ({}) | {p99:.0} | {ratio:.2} | {target} | {verdict} | {other} |\n",
                    rounded(plain),
                    range(rounds),
                    range(&line.muster)
                ));
            }
        }
        text
    }

    fn growth(&self) -> String {
        let mut rows = String::new();
        for large in &self.lines {
            let same = self.lines.iter().filter(|line| line.database == large.database && line.work == large.work);
            let Some(small) = same.clone().min_by_key(|line| line.scale) else { continue };
            if small.scale == large.scale || same.clone().any(|line| line.scale > large.scale) {
                continue;
            }
            let factor = median(&small.muster) / median(&large.muster);
            let (database, work, verdict) = (large.database, large.work.name(), verdict(factor <= GROWTH));
            rows.push_str(&format!("| {database} | {work} | {} to {} | {factor:.2} | {GROWTH} | {verdict} |\n", small.scale, large.scale));
        }
        if rows.is_empty() {
            return rows;
        }
        format!(
            "\n## Growth\n\n| database | work | incidents | times slower | at most | |\n| --- | --- | --- | ---: | ---: | --- |\n{rows}"
        )
    }

    fn bounds(&self) -> String {
        if self.bounded.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "\n## Live, start and memory\n\nThe start is that of `muster serve` on SQLite and of `muster api` on PostgreSQL; the rest is `muster api`, without a worker.\n\n| database | what | figure | at most | |\n| --- | --- | ---: | ---: | --- |\n",
        );
        for Bounded { database, what, unit, value, bound } in &self.bounded {
            let (bound, verdict) = bound.map_or((String::new(), ""), |bound| (format!("{bound} {unit}"), verdict(*value <= bound)));
            let _ = writeln!(text, "| {database} | {what} | {value:.0} {unit} | {bound} | {verdict} |");
        }
        text
    }
}

impl Report {
    fn beside(&self) -> String {
        if self.beside.is_empty() {
            return String::new();
        }
        let rows: String = self.beside.iter().map(Figure::row).collect();
        format!("\n{BESIDE}\n| database | what | figure | target | |\n| --- | --- | ---: | ---: | --- |\n{rows}")
    }

    fn duties(&self) -> String {
        if self.figures.is_empty() {
            return String::new();
        }
        let rows: String = self.figures.iter().map(Figure::row).collect();
        format!("\n{DUTIES}\n| database | what | figure | target | |\n| --- | --- | ---: | ---: | --- |\n{rows}{FOUND}")
    }
}

/// The new page, with what was written by hand below the one before.
pub fn with_text_by_hand(page: &str, before: &str) -> String {
    match before.split_once(BY_HAND) {
        Some((_, text)) => format!("{page}\n{BY_HAND}{text}"),
        None => page.to_owned(),
    }
}

fn ends(rounds: &[f64]) -> (f64, f64) {
    rounds.iter().fold((f64::INFINITY, 0.0), |(low, high), rate| (low.min(*rate), high.max(*rate)))
}

fn range(rounds: &[f64]) -> String {
    let (low, high) = ends(rounds);
    format!("{}-{}", rounded(low), rounded(high))
}

fn rounded(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// Name of the work, the ratio that is promised, if any, and what PostGraphile 5 reached.
fn promise(job: Job, postgres: bool) -> (&'static str, Option<f64>, &'static str) {
    let by_database = |on_postgres, on_sqlite| Some(if postgres { on_postgres } else { on_sqlite });
    match job {
        Job::Board => ("board", by_database(1.0, 0.5), "138"),
        Job::Page => ("page", by_database(1.0, 0.5), "185"),
        // On SQLite both are one commit each, of which writers who wait together can share one.
        Job::Append => ("append, bare", by_database(0.45, 1.0), "914"),
        Job::AppendLocked => ("append, incident locked and updated", by_database(0.9, 1.0), "914"),
        Job::List => ("console's board", by_database(1.0, 0.5), ""),
        Job::Incident => ("console's page", by_database(1.0, 0.5), ""),
        Job::SearchLike => ("search, by LIKE", Some(100.0), ""),
        Job::SearchWords => ("search, by tsvector", None, ""),
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**missed**" }
}

/// What can be said of the machine, with the pace of `folder`'s disk.
pub fn machine(date: Option<&str>, folder: &Path) -> Result<Vec<String>> {
    let date = match date {
        Some(date) => date.to_owned(),
        None => process::output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim().to_owned(),
    };
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    Ok(vec![
        format!("date: {date}"),
        format!("machine: {cores} cores, {}, memory {memory}", field(&read("/proc/cpuinfo"), "model name")),
        format!("disk before: {:.0} appends of 8 KiB with fdatasync a second", disk(folder)?),
        format!("load average before: {}", load_average()),
    ])
}

/// The load average of 1, 5 and 15 minutes.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Durable appends a second: what no single writer can beat.
pub fn disk(folder: &Path) -> Result<f64> {
    let mut file = std::fs::File::create(folder.join("disk"))?;
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 8 * 1024])?;
        file.sync_data()?;
        done += 1;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_hand_stays() {
        let before = format!("# Old\n\n{BY_HAND}\n\n## Mine\n");
        assert_eq!(with_text_by_hand("# New\n", &before), format!("# New\n\n{BY_HAND}\n\n## Mine\n"));
        assert_eq!(with_text_by_hand("# New\n", "# Old\n"), "# New\n");
        assert!(include_str!("../../docs/benchmarks.md").contains(BY_HAND));
    }

    #[test]
    fn a_search_has_a_target_beside_like_alone() {
        assert_eq!(promise(Job::SearchLike, true).1, Some(100.0));
        assert_eq!(promise(Job::SearchWords, true).1, None);
        assert_eq!((promise(Job::Board, true).1, promise(Job::Board, false).1), (Some(1.0), Some(0.5)));
    }
}
