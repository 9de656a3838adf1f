//! Puts millions of rows into a database in a short time: COPY on PostgreSQL, many rows a statement on SQLite;
//! without checks and without indexes, which are made again when all is in.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Arguments, AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

use crate::data::Time;

/// Bytes of COPY text that are collected before they are sent.
const COPY_BYTES: usize = 1 << 20;
/// Rows of one INSERT on SQLite.
const INSERT_ROWS: usize = 40;
/// Page cache of connections to SQLite: as Muster's own.
const SQLITE_CACHE: &str = "-16000";
const SQLITE_MMAP: &str = "268435456";

/// A value of a column.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Time(Time),
    Id(Uuid),
    Bytes(&'a [u8]),
}

impl From<Option<Time>> for Cell<'_> {
    fn from(time: Option<Time>) -> Self {
        time.map_or(Self::Null, Self::Time)
    }
}

/// A table and the columns that are given, separated by commas.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static str,
}

impl Table {
    fn width(&self) -> usize {
        self.columns.split(',').count()
    }
}

/// An open database that is being filled.
pub struct Store {
    connection: Link,
    tables: &'static [Table],
    pending: Vec<Pending>,
    /// Statements that make the indexes again.
    indexes: Vec<String>,
}

enum Link {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Link {
    async fn open(place: &Place) -> Result<Self> {
        Ok(match place {
            Place::Postgres(url) => Self::Postgres(PgConnection::connect(url).await?),
            Place::Sqlite(file) => {
                let options = sqlite_options(file).synchronous(SqliteSynchronous::Off).foreign_keys(false);
                Self::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
        })
    }
}

#[derive(Default)]
struct Pending {
    text: String,
    arguments: SqliteArguments,
    rows: usize,
}

/// How connections to a SQLite file are opened: as durable as Muster's own.
pub fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", SQLITE_CACHE)
        .pragma("mmap_size", SQLITE_MMAP)
}

/// Where a database is.
#[derive(Clone)]
pub enum Place {
    /// A `postgres://` URL.
    Postgres(String),
    /// A file.
    Sqlite(std::path::PathBuf),
}

impl Place {
    /// As Muster's settings want it.
    pub fn url(&self) -> String {
        match self {
            Self::Postgres(url) => url.clone(),
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
        }
    }
}

impl Store {
    /// Opens the database at `place`, which has `tables`, and takes their indexes away.
    pub async fn open(place: &Place, tables: &'static [Table]) -> Result<Self> {
        let pending = tables.iter().map(|_| Pending::default()).collect();
        let mut store = Self { connection: Link::open(place).await?, tables, pending, indexes: Vec::new() };
        store.take_indexes().await?;
        if matches!(store.connection, Link::Postgres(_)) {
            // No foreign keys are checked in this session.
            store.run("SET session_replication_role = replica").await?;
        } else {
            store.run("BEGIN").await?;
        }
        Ok(store)
    }

    /// Carries out statements at `place`.
    pub async fn execute(place: &Place, sql: &str) -> Result<()> {
        Self { connection: Link::open(place).await?, tables: &[], pending: Vec::new(), indexes: Vec::new() }.run(sql).await
    }

    /// The only value of the only row that `sql` gives.
    pub async fn number(place: &Place, sql: &'static str) -> Result<i64> {
        Ok(match Link::open(place).await? {
            Link::Postgres(mut connection) => sqlx::query_scalar(sql).fetch_one(&mut connection).await?,
            Link::Sqlite(mut connection) => sqlx::query_scalar(sql).fetch_one(&mut connection).await?,
        })
    }

    /// Carries out statements.
    pub async fn run(&mut self, sql: &str) -> Result<()> {
        let statements = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let result = match &mut self.connection {
            Link::Postgres(connection) => statements.execute(connection).await.map(drop),
            Link::Sqlite(connection) => statements.execute(connection).await.map(drop),
        };
        result.with_context(|| format!("running {sql}"))
    }

    /// Adds a row to the table at `index` of the list.
    pub async fn push(&mut self, index: usize, row: &[Cell<'_>]) -> Result<()> {
        let pending = &mut self.pending[index];
        debug_assert_eq!(row.len(), self.tables[index].width());
        pending.rows += 1;
        let full = match &self.connection {
            Link::Postgres(_) => {
                copy_line(&mut pending.text, row)?;
                pending.text.len() >= COPY_BYTES
            }
            Link::Sqlite(_) => {
                for cell in row {
                    bind(&mut pending.arguments, *cell).map_err(anyhow::Error::from_boxed)?;
                }
                pending.rows == INSERT_ROWS
            }
        };
        if full { self.flush(index).await } else { Ok(()) }
    }

    async fn flush(&mut self, index: usize) -> Result<()> {
        let table = &self.tables[index];
        let Pending { text, arguments, rows } = std::mem::take(&mut self.pending[index]);
        if rows == 0 {
            return Ok(());
        }
        match &mut self.connection {
            Link::Postgres(connection) => {
                let mut copy = connection.copy_in_raw(&format!("COPY {} ({}) FROM STDIN", table.name, table.columns)).await?;
                copy.send(text.into_bytes()).await?;
                copy.finish().await.with_context(|| format!("filling {}", table.name))?;
            }
            Link::Sqlite(connection) => {
                let row = format!("({})", vec!["?"; table.width()].join(","));
                let sql = format!("INSERT INTO {} ({}) VALUES {}", table.name, table.columns, vec![row; rows].join(","));
                sqlx::query_with(AssertSqlSafe(sql), arguments)
                    .execute(connection)
                    .await
                    .with_context(|| format!("filling {}", table.name))?;
            }
        }
        Ok(())
    }

    /// Writes what is pending and makes the indexes again. On PostgreSQL the rows are counted for the planner, as
    /// autovacuum would soon do; SQLite does not do that on its own.
    pub async fn finish(mut self) -> Result<()> {
        for index in 0..self.tables.len() {
            self.flush(index).await?;
        }
        for sql in std::mem::take(&mut self.indexes) {
            self.run(&sql).await?;
        }
        let last: &[&str] = match self.connection {
            Link::Postgres(_) => &["VACUUM ANALYZE", "CHECKPOINT"],
            Link::Sqlite(_) => &["COMMIT", "PRAGMA wal_checkpoint(TRUNCATE)"],
        };
        for sql in last {
            self.run(sql).await?;
        }
        Ok(())
    }

    /// Notes how the indexes are made, but for those behind constraints, and drops them.
    async fn take_indexes(&mut self) -> Result<()> {
        let rows: Vec<(String, String)> = match &mut self.connection {
            Link::Postgres(connection) => {
                let sql = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' \
                           AND indexname NOT IN (SELECT conname FROM pg_constraint)";
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>()?
            }
            Link::Sqlite(connection) => {
                let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
                let rows = sqlx::query(sql).fetch_all(connection).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<sqlx::Result<_>>()?
            }
        };
        for (name, definition) in rows {
            self.run(&format!("DROP INDEX \"{name}\"")).await?;
            self.indexes.push(definition);
        }
        Ok(())
    }
}

/// A row in COPY's text format.
fn copy_line(out: &mut String, row: &[Cell<'_>]) -> std::fmt::Result {
    for (at, cell) in row.iter().enumerate() {
        if at > 0 {
            out.push('\t');
        }
        match cell {
            Cell::Null => out.push_str("\\N"),
            Cell::Bool(value) => write!(out, "{value}")?,
            Cell::Int(value) => write!(out, "{value}")?,
            // The made-up texts have no tabs, line ends or backslashes.
            Cell::Text(value) => out.push_str(value),
            Cell::Time(value) => write!(out, "{}", value.format("%Y-%m-%dT%H:%M:%SZ"))?,
            Cell::Id(value) => write!(out, "{value}")?,
            Cell::Bytes(value) => {
                out.push_str("\\\\x");
                value.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
            }
        }
    }
    out.push('\n');
    Ok(())
}

/// Binds a value in the form in which Muster's own driver stores it.
fn bind(arguments: &mut SqliteArguments, cell: Cell<'_>) -> Result<(), sqlx::error::BoxDynError> {
    match cell {
        Cell::Null => arguments.add(Option::<i64>::None),
        Cell::Bool(value) => arguments.add(value),
        Cell::Int(value) => arguments.add(value),
        Cell::Text(value) => arguments.add(value.to_owned()),
        Cell::Time(value) => arguments.add(value),
        Cell::Id(value) => arguments.add(value),
        Cell::Bytes(value) => arguments.add(value.to_vec()),
    }
}
