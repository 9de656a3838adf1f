//! `make bench`: how fast Muster is beside plain SQL of the same work on the same database in the same run.
//!
//! For each database and scale it fills Muster's own tables and a set of plain ones with the same made-up incidents,
//! starts the release binary, and then measures in turns: the work in plain SQL, the work through GraphQL. Then one
//! incident with 500 subscribers, starts on an empty folder, memory, and whether readers of two servers ever see what
//! is stale. It prints a page of Markdown and, with `--write`, puts it into docs/benchmarks.md. The exit code tells
//! whether all answers were right, not whether they were fast: that depends on the machine and on what else it does.

mod busy;
mod by_hand;
mod clients;
mod data;
mod duty;
mod fanout;
mod house;
mod http;
mod load;
mod own;
mod plain;
mod postgres;
mod process;
mod record;
mod report;
mod search;
mod server;
mod size;
mod stale;
mod store;
mod work;
mod yardstick;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::SignalKind;

use crate::load::{Until, median};
use crate::postgres::Cluster;
use crate::report::{Bounded, Figure, Line, Report};
use crate::server::{Role, Settings};
use crate::size::Size;
use crate::store::{Place, Store};
use crate::work::{REPEATED, Scene, Work, check_success};
use crate::yardstick::Job;

/// Measures Muster beside plain SQL.
#[derive(Parser)]
struct Arguments {
    /// One scale and short rounds, for a first impression.
    #[arg(long)]
    quick: bool,
    /// Everything once and tiny: shows that the bench works, and measures nothing.
    #[arg(long, conflicts_with_all = ["quick", "write"])]
    smoke: bool,
    /// Numbers of incidents, e.g. 1k,10k,100k.
    #[arg(long, value_delimiter = ',', value_parser = scale)]
    scales: Vec<usize>,
    /// Measure only this database.
    #[arg(long)]
    only: Option<Database>,
    /// Measure only this work.
    #[arg(long, value_delimiter = ',')]
    only_work: Vec<Work>,
    /// For how many minutes to watch whether anybody sees what is stale.
    #[arg(long, conflicts_with = "smoke")]
    minutes: Option<u64>,
    /// Put the page into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
    /// The date on the page; today's by default.
    #[arg(long)]
    date: Option<String>,
    /// Where to put the databases during the run: a real disk, not memory.
    #[arg(long, default_value = "/var/tmp")]
    folder: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    Pg,
    Sqlite,
}

fn scale(text: &str) -> Result<usize, String> {
    let (digits, factor) = text.strip_suffix('k').map_or((text, 1), |digits| (digits, 1_000));
    let scale = digits.parse::<usize>().map_err(|error| error.to_string())? * factor;
    if scale >= 1_000 { Ok(scale) } else { Err("at least 1k".into()) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Stopped by a signal, it still ends what it started and removes its files.
    let result = tokio::select! { result = run(&arguments) => result, stopped = stopped() => stopped };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn stopped() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate())?;
    tokio::select! { _ = terminate.recv() => {}, interrupted = tokio::signal::ctrl_c() => interrupted? }
    anyhow::bail!("stopped")
}

async fn run(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("muster-bench-").tempdir_in(&arguments.folder)?;
    let mut report = Report { machine: report::machine(arguments.date.as_deref(), folder.path())?, ..Report::default() };
    if arguments.only != Some(Database::Pg) {
        Bench::new(arguments, folder.path(), None).run(&mut report).await?;
    }
    if arguments.only != Some(Database::Sqlite) {
        match Cluster::start(folder.path()).await? {
            Some(cluster) => {
                report.machine.push(format!("PostgreSQL: {}", cluster.version()?));
                Bench::new(arguments, folder.path(), Some(&cluster)).run(&mut report).await?;
            }
            None => report.machine.push("PostgreSQL: not installed, so not measured".into()),
        }
    }
    if arguments.only_work.is_empty() || arguments.only_work.contains(&Work::Reminders) {
        report.figures.push(duty::derive());
    }
    report.machine.push(format!("disk after: {:.0} appends of 8 KiB with fdatasync a second", report::disk(folder.path())?));
    report.machine.push(format!("load average after: {}", report::load_average()));
    let page = report.markdown();
    println!("{page}");
    if arguments.write {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(file, report::with_text_by_hand(&page, &before))?;
    }
    Ok(())
}

/// The measures of one database.
struct Bench<'a> {
    arguments: &'a Arguments,
    folder: &'a Path,
    /// None for SQLite.
    cluster: Option<&'a Cluster>,
    size: Size,
}

impl<'a> Bench<'a> {
    fn new(arguments: &'a Arguments, folder: &'a Path, cluster: Option<&'a Cluster>) -> Self {
        let mut size = match arguments {
            Arguments { smoke: true, .. } => Size::SMOKE,
            Arguments { quick: true, .. } => Size::QUICK,
            _ => Size::WHOLE,
        };
        if let Some(minutes) = arguments.minutes {
            size.watched_for_stale = Duration::from_mins(minutes);
        }
        Self { arguments, folder, cluster, size }
    }

    fn database(&self) -> &'static str {
        if self.cluster.is_some() { "PostgreSQL" } else { "SQLite" }
    }

    fn wants(&self, work: Work) -> bool {
        self.arguments.only_work.is_empty() || self.arguments.only_work.contains(&work)
    }

    async fn run(&self, report: &mut Report) -> Result<()> {
        let scales = if self.arguments.scales.is_empty() { self.size.scales } else { &self.arguments.scales };
        if self.wants(Work::Start) {
            self.start(report).await?;
        }
        let is_scaled = REPEATED.into_iter().chain([Work::WhileWriting]).any(|work| self.wants(work));
        for scale in scales.iter().filter(|_| is_scaled) {
            self.scale(*scale, report).await.with_context(|| format!("{} with {scale} incidents", self.database()))?;
        }
        if self.wants(Work::Fanout) {
            self.fanout(report).await.with_context(|| format!("fan-out on {}", self.database()))?;
        }
        if self.wants(Work::Reminders) {
            self.reminders(report).await.with_context(|| format!("reminders on {}", self.database()))?;
        }
        if self.wants(Work::Deliveries) {
            self.deliveries(report).await.with_context(|| format!("deliveries on {}", self.database()))?;
        }
        if self.wants(Work::Stale) {
            self.stale(report).await.with_context(|| format!("what is stale on {}", self.database()))?;
        }
        if self.wants(Work::Clients) {
            self.clients(report).await.with_context(|| format!("an update to clients on {}", self.database()))?;
        }
        Ok(())
    }

    /// An empty database.
    async fn place(&self, name: &str) -> Result<Place> {
        match self.cluster {
            Some(cluster) => cluster.create(name).await,
            None => {
                std::fs::create_dir_all(self.folder.join(name))?;
                Ok(Place::Sqlite(self.folder.join(name).join("muster.db")))
            }
        }
    }

    fn settings(&self, place: &Place, name: &str) -> Result<Settings> {
        Settings::new(place, &self.folder.join(name))
    }

    /// Board, page and append with `scale` incidents, each in turns with plain SQL.
    async fn scale(&self, scale: usize, report: &mut Report) -> Result<()> {
        eprintln!("{}, {scale} incidents: filling the tables", self.database());
        let (own, plain) = (format!("own_{scale}"), format!("plain_{scale}"));
        std::fs::create_dir_all(self.folder.join(&plain))?;
        let (own_place, plain_place) = (self.place(&own).await?, self.place(&plain).await?);
        let settings = self.settings(&own_place, &own)?;
        let scene = Scene::new(own::load(&own_place, scale).await?);
        plain::load(&plain_place, scale).await?;
        settings.migrate()?;
        let tokens = settings.tokens(load::CONNECTIONS)?;
        let server = settings.start(Role::Api).await?;
        let target = Target { bench: self, scene: &scene, tokens: &tokens, own: &own_place, plain: &plain_place, server: &server };
        if self.wants(Work::Search) {
            search::index(&plain_place).await.context("the full text search by hand")?;
        }
        let mut appended = 0;
        for work in REPEATED.into_iter().filter(|work| self.wants(*work)) {
            eprintln!("{}, {scale} incidents: {}; load average {}", self.database(), work.name(), report::load_average());
            let (line, answers) = target.measure(work).await?;
            appended += if work == Work::Append { answers } else { 0 };
            if work == Work::Search {
                let (what, value) = (format!("two words among {scale} incidents: p99"), median(&line.p99));
                report.bounded.push(Bounded { database: self.database(), what, unit: "ms", value, bound: Some(50.0) });
            }
            report.lines.push(line);
        }
        if self.wants(Work::WhileWriting) {
            eprintln!("{}, {scale} incidents: while writing; load average {}", self.database(), report::load_average());
            let (figures, written) = busy::measure(server.address, &tokens, &scene, self.size).await?;
            appended += written;
            report.beside.extend(figures.into_iter().map(|figure| Figure { database: self.database(), ..figure }));
        }
        for (what, value, bound) in [
            ("resident memory after the load", server.process.resident()?, None),
            ("the same without files that are mapped", server.process.resident_of_its_own()?, Some(150.0)),
        ] {
            let what = format!("{what}, {scale} incidents");
            report.bounded.push(Bounded { database: self.database(), what, unit: "MiB", value, bound });
        }
        drop(server);
        let written = Store::number(&own_place, WRITTEN).await?;
        ensure!(written == i64::try_from(appended)?, "{appended} appends were acknowledged, {written} are there");
        if scale <= 1_000 {
            settings.verify().context("the hash chain after the appends")?;
        }
        Ok(())
    }

    /// Many subscribers of one incident, at a server that did nothing before.
    async fn fanout(&self, report: &mut Report) -> Result<()> {
        eprintln!("{}: fan-out; load average {}", self.database(), report::load_average());
        let place = self.place("fanout").await?;
        let settings = self.settings(&place, "fanout")?;
        let ids = own::load(&place, self.size.few).await?;
        settings.migrate()?;
        let token = settings.tokens(1)?.remove(0);
        let server = settings.start(Role::Api).await?;
        let newest = *ids.last().context("there are incidents")?;
        let result = fanout::measure(server.address, &token, &server.process, newest, self.size).await?;
        eprintln!("{} deliveries, none lost, none doubled, all in order", result.deliveries);
        let database = self.database();
        let subscribers = self.size.subscribers;
        let line = |what: String, unit, value, bound| Bounded { database, what, unit, value, bound };
        report.bounded.extend([
            line(format!("{subscribers} subscribers, 10 events/s: arrival, p50"), "ms", result.p50, None),
            line(format!("{subscribers} subscribers, 10 events/s: arrival, p99"), "ms", result.p99, Some(150.0)),
            line("resident memory, idle".into(), "MiB", result.idle, Some(40.0)),
            line(format!("resident memory, {subscribers} subscribers"), "MiB", result.busy, Some(150.0)),
        ]);
        Ok(())
    }

    /// A thousand incidents fall due at once, and ticks with nothing due.
    async fn reminders(&self, report: &mut Report) -> Result<()> {
        eprintln!("{}: reminders; load average {}", self.database(), report::load_average());
        let place = self.place("reminders").await?;
        let ids = own::load(&place, self.size.live).await?;
        let figures = duty::remind(&place, &self.folder.join("reminders"), ids, self.size).await?;
        self.tell(report, figures);
        Ok(())
    }

    /// Deliveries by the queue.
    async fn deliveries(&self, report: &mut Report) -> Result<()> {
        eprintln!("{}: deliveries; load average {}", self.database(), report::load_average());
        let place = self.place("deliveries").await?;
        let ids = own::load(&place, self.size.few).await?;
        let figures = duty::deliver(&place, &self.folder.join("deliveries"), ids, self.size).await?;
        self.tell(report, figures);
        Ok(())
    }

    /// Writers and readers of the same few incidents, at two servers where there can be two.
    async fn stale(&self, report: &mut Report) -> Result<()> {
        eprintln!("{}: what is stale; load average {}", self.database(), report::load_average());
        let place = self.place("stale").await?;
        let ids = own::load(&place, self.size.few).await?;
        let settings = self.settings(&place, "stale")?;
        settings.migrate()?;
        let token = settings.tokens(1)?.remove(0);
        let mut servers = vec![settings.start(Role::Api).await?];
        if self.cluster.is_some() {
            servers.push(self.settings(&place, "stale_other")?.start(Role::Api).await?);
        }
        let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
        let figures = stale::watch(&addresses, &token, &ids, self.size.watched_for_stale).await?;
        duty::tell(&figures);
        report.beside.extend(figures.into_iter().map(|figure| Figure { database: self.database(), ..figure }));
        drop(servers);
        settings.verify().context("the hash chain afterwards")
    }

    /// An update to many clients, by a fake of Zendesk.
    async fn clients(&self, report: &mut Report) -> Result<()> {
        eprintln!("{}: an update to clients; load average {}", self.database(), report::load_average());
        let place = self.place("clients").await?;
        own::migrate(&place).await?;
        let figures = clients::tell(&place, &self.folder.join("clients"), self.size.clients).await?;
        self.tell(report, figures);
        Ok(())
    }

    fn tell(&self, report: &mut Report, figures: Vec<Figure>) {
        duty::tell(&figures);
        report.figures.extend(figures.into_iter().map(|figure| Figure { database: self.database(), ..figure }));
    }

    /// From the start of the process to readiness, on an empty folder (on PostgreSQL: a migrated, empty database).
    async fn start(&self, report: &mut Report) -> Result<()> {
        let mut times = Vec::new();
        for number in 0..self.size.starts {
            let name = format!("empty_{number}");
            let place = self.place(&name).await?;
            let settings = self.settings(&place, &name)?;
            if self.cluster.is_some() {
                settings.migrate()?;
            }
            times.push(settings.start(Role::Server).await?.started_in.as_secs_f64() * 1_000.0);
        }
        let what = if self.cluster.is_some() { "start to ready, migrated database" } else { "start to ready, empty folder" };
        let what = what.to_owned();
        report.bounded.push(Bounded { database: self.database(), what, unit: "ms", value: median(&times), bound: Some(500.0) });
        Ok(())
    }
}

/// The events that the clients wrote: the made-up ones come from the page, and Muster's own from itself.
const WRITTEN: &str = "SELECT count(*) FROM timeline_event WHERE source = 'API'";

/// A running server with what it is compared with.
struct Target<'a> {
    bench: &'a Bench<'a>,
    scene: &'a Scene,
    tokens: &'a [String],
    own: &'a Place,
    plain: &'a Place,
    server: &'a server::Server,
}

impl Target<'_> {
    /// The rounds of `work`, and how many answers came in all.
    async fn measure(&self, work: Work) -> Result<(Line, usize)> {
        let jobs: &[Job] = match work {
            Work::Board => &[Job::Board],
            Work::Page => &[Job::Page],
            Work::List => &[Job::List],
            Work::Incident => &[Job::Incident],
            Work::Search if self.bench.cluster.is_some() => &[Job::SearchLike, Job::SearchWords],
            Work::Search => &[Job::SearchLike],
            _ => &[Job::Append, Job::AppendLocked],
        };
        let mut answers = self.check_example(work).await?;
        let mut plain: Vec<(Job, Vec<f64>)> = jobs.iter().map(|job| (*job, Vec::new())).collect();
        let (mut muster, mut p99) = (Vec::new(), Vec::new());
        let Size { rounds, round: duration, .. } = self.bench.size;
        answers += self.round(work, duration / 2, 0).await?.answers;
        for number in 1..=rounds {
            for (job, rates) in &mut plain {
                if number > 1 && job.is_slow() {
                    continue;
                }
                let Bench { cluster, folder, .. } = *self.bench;
                let place = if job.reads_own() { self.own } else { self.plain };
                rates.push(yardstick::rate(cluster, place, *job, self.scene.scale(), duration, folder).await?);
            }
            let round = self.round(work, duration, number as u64).await?;
            answers += round.answers;
            muster.push(round.rate);
            p99.push(round.p99);
        }
        for (_, rates) in &plain {
            eprintln!("  plain SQL {:.1}/s, Muster {:.0}/s", median(rates), median(&muster));
        }
        let line = Line { database: self.bench.database(), scale: self.scene.scale(), work, muster, p99, plain };
        Ok((line, answers))
    }

    async fn round(&self, work: Work, duration: Duration, seed: u64) -> Result<load::Round> {
        load::round(self.server.address, self.tokens, self.scene, work, Until::Passed(duration), seed).await
    }

    /// Asks once and compares the answer with the made-up data; returns the number of answers.
    async fn check_example(&self, work: Work) -> Result<usize> {
        let (request, check) = self.scene.example(work);
        let mut connection = http::Connection::open(self.server.address).await?;
        let answer = connection.post(&self.tokens[0], &request).await?;
        check_success(answer)?;
        check(answer)?;
        Ok(1)
    }
}
