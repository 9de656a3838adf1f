//! How fast the database does the same work in plain SQL.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use sea_orm::sqlx::sqlite::SqlitePoolOptions;
use sea_orm::sqlx::{self, ConnectOptions, Row, SqliteConnection};

use crate::by_hand::{INCIDENT, LIST};
use crate::data::{LONG, PEOPLE, Random};
use crate::load::CONNECTIONS;
use crate::plain::{POSTGRES, SQLITE};
use crate::postgres::Cluster;
use crate::search;
use crate::store::{Place, sqlite_options};

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Job {
    Board,
    Page,
    /// An insert and nothing else.
    Append,
    /// An insert with the incident's row locked and updated in the same transaction.
    AppendLocked,
    /// What the console's board shows, from Muster's own tables.
    List,
    /// What the console's page of an incident shows, from Muster's own tables.
    Incident,
    /// Two words in names, summaries and events, as it was done before there was an index of them.
    SearchLike,
    /// The same by PostgreSQL's full text search.
    SearchWords,
}

impl Job {
    /// A script for pgbench.
    fn script(self) -> Cow<'static, str> {
        match self {
            Self::Board => POSTGRES.board.into(),
            Self::Page => POSTGRES.page.into(),
            Self::Append => POSTGRES.append.into(),
            Self::AppendLocked => POSTGRES.append_locked.into(),
            Self::List => LIST.script().into(),
            Self::Incident => INCIDENT.script().into(),
            Self::SearchLike => search::like_script().into(),
            Self::SearchWords => search::words_script().into(),
        }
    }

    /// Whether it is so slow that one round must do.
    pub fn is_slow(self) -> bool {
        self == Self::SearchLike
    }

    /// Whether it reads Muster's own tables rather than the plain ones.
    pub fn reads_own(self) -> bool {
        matches!(self, Self::List | Self::Incident)
    }
}

/// Does `job` for `duration` on the tables at `place`; returns how often a second it was done. On PostgreSQL
/// by pgbench with as many connections as the load has; on SQLite in this process, where one reads or many queue for
/// the one connection that writes.
pub async fn rate(cluster: Option<&Cluster>, place: &Place, job: Job, scale: usize, duration: Duration, folder: &Path) -> Result<f64> {
    match place {
        Place::Postgres(url) => {
            let program = cluster.context("no cluster")?.binary("pgbench");
            pgbench(&program, url, job, scale, duration, folder)
        }
        Place::Sqlite(file) => match job {
            Job::Board | Job::Page => read(file, job, duration).await,
            Job::List => LIST.rate(file, duration).await,
            Job::Incident => INCIDENT.rate(file, duration).await,
            Job::SearchLike => search::rate(file, scale, duration).await,
            Job::SearchWords => anyhow::bail!("SQLite has no full text search of PostgreSQL"),
            Job::Append | Job::AppendLocked => write(file, job, scale, duration).await,
        },
    }
}

fn pgbench(program: &Path, url: &str, job: Job, scale: usize, duration: Duration, folder: &Path) -> Result<f64> {
    // It knows whole seconds only.
    let seconds = duration.as_secs().max(1);
    let script = folder.join("script.sql");
    std::fs::write(&script, &*job.script())?;
    let mut command = Command::new(program);
    command.arg("-n").arg("-f").arg(&script).args(["-c", &CONNECTIONS.to_string(), "-j", "2", "-T", &seconds.to_string()]);
    if job.reads_own() {
        // Of many statements none is planned each time.
        command.args(["-M", "prepared"]);
    }
    let printed = crate::process::output(command.args(["-D", &format!("n={scale}"), url]))?;
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.with_context(|| format!("pgbench printed {printed}"))
}

async fn read(file: &Path, job: Job, duration: Duration) -> Result<f64> {
    let mut connection = sqlite_options(file).connect().await?;
    let mut random = Random::new(1);
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed() < duration {
        let query = sqlx::query(if job == Job::Page { SQLITE.page } else { SQLITE.board });
        let query = if job == Job::Page { query.bind(1 + random.below(LONG) as i64) } else { query };
        let json: String = query.fetch_one(&mut connection).await?.try_get(0)?;
        anyhow::ensure!(json.len() > 1_000, "the yardstick found nothing: {json}");
        done += 1;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}

async fn write(file: &Path, job: Job, scale: usize, duration: Duration) -> Result<f64> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(sqlite_options(file)).await?;
    let begun = Instant::now();
    let done = Cell::new(0);
    let writers = (0..CONNECTIONS as u64).map(|number| {
        let (pool, done) = (&pool, &done);
        async move {
            let mut random = Random::new(number);
            while begun.elapsed() < duration {
                let (incident, author) = (1 + random.below(scale) as i64, 1 + random.below(PEOPLE) as i64);
                append(&mut *pool.acquire().await?, job, incident, author).await?;
                done.set(done.get() + 1);
            }
            anyhow::Ok(())
        }
    });
    try_join_all(writers).await?;
    Ok(f64::from(done.get()) / begun.elapsed().as_secs_f64())
}

async fn append(connection: &mut SqliteConnection, job: Job, incident: i64, author: i64) -> Result<()> {
    if job == Job::AppendLocked {
        sqlx::query("begin immediate").execute(&mut *connection).await?;
        sqlx::query("select id, status from incident where id = ?1").bind(incident).fetch_one(&mut *connection).await?;
    }
    sqlx::query(SQLITE.append).bind(incident).bind(author).fetch_one(&mut *connection).await?;
    if job == Job::AppendLocked {
        sqlx::query(SQLITE.append_locked).bind(incident).execute(&mut *connection).await?;
        sqlx::query("commit").execute(&mut *connection).await?;
    }
    Ok(())
}
