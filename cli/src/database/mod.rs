//! Opens the database: finds it, locks it where need be, brings it up to date, and says in words what stands in the way.

mod explain;
mod lock;
mod place;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use domain::Domain;
use domain::clock::{Clock, SystemClock};
use domain::config::{CatalogueSource, ChatRules, Config, TicketRules};
use domain::db::Db;
use domain::playbook::Playbook;
use domain::ports::TicketDesk;
use migration::{Migrator, MigratorTrait, State};
use sea_orm::sqlx::Connection;
use sea_orm::sqlx::postgres::{PgConnection, PgPoolOptions};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlxPostgresConnector, Statement};
use worker::ops_docs::OpsDocs;

pub use lock::Lock;
pub use place::{Place, prepare_file, prepare_folder};

use crate::playbook;
use crate::settings::Settings;

/// Lets one process at a time migrate a PostgreSQL database; the number has no meaning.
const MIGRATION_LOCK: i64 = 0x4d75_7374_6572_0001;
/// A PostgreSQL that takes longer to let us in is as good as away.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a command wants of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To serve it; on SQLite as the only server. Makes it and brings it up to date.
    Serve,
    /// To serve it together with others. Makes it and brings it up to date.
    Share,
    /// To make it and bring it up to date.
    Migrate,
    /// To use what is there already.
    Use,
}

/// An open database, and on SQLite a server's claim to it, which ends when this is dropped.
pub struct Opened {
    /// The database.
    pub db: Db,
    claim: Option<Lock>,
}

/// There is no database of Muster yet where the settings say; in words.
#[derive(Debug)]
pub struct Absent(String);

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Absent {}

/// Opens the database of the settings. Any number of processes may do so at once, and each may die at any moment.
///
/// # Errors
/// Where the database is, what is wrong there, and what to do about it; [`Absent`] if only it is not there yet.
pub async fn open(settings: &Settings, intent: Intent) -> anyhow::Result<Opened> {
    let place = Place::of(&settings.database_url.0)?;
    match &place {
        Place::File(file) => open_file(settings, &place, file, intent).await,
        Place::Server { .. } => open_server(settings, intent).await,
    }
}

async fn open_file(settings: &Settings, place: &Place, file: &Path, intent: Intent) -> anyhow::Result<Opened> {
    if intent != Intent::Use {
        prepare_file(file)?;
    } else if !file.metadata().is_ok_and(|found| found.len() > 0) {
        bail!(Absent(place.absent()));
    }
    let file = &file.canonicalize().with_context(|| format!("{} can't be found", file.display()))?;
    // Held while the file is made and migrated. A server's claim comes second, so that nobody waits for it.
    let _turn = Lock::wait(file).await?;
    let claim = match intent {
        Intent::Serve => Some(Lock::alone(file)?),
        Intent::Share => Some(Lock::shared(file)?),
        Intent::Migrate | Intent::Use => None,
    };
    let connecting = Db::connect(&settings.database_url.0, settings.database_connections).await;
    let db = connecting.map_err(|error| explain::explained(place, &error))?;
    let state = look(place, db.write(), intent).await?;
    if intent == Intent::Migrate && state == State::Behind {
        // A server of the older version must not find another schema under its feet.
        drop(Lock::alone(file)?);
    }
    if intent != Intent::Use {
        migrate(place, db.write(), &state).await?;
    }
    Ok(Opened { db, claim })
}

/// Looks and migrates past a pooler, which may keep no session for a lock.
async fn open_server(settings: &Settings, intent: Intent) -> anyhow::Result<Opened> {
    let direct = settings.database_direct_url.as_ref();
    let place = &Place::of(&direct.unwrap_or(&settings.database_url).0)?;
    let Place::Server { options, .. } = place else { bail!("database_direct_url must begin with postgres://") };
    // First without a pool, which would try again and then tell of its own patience instead of the reason.
    let trial = tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await;
    let trial = trial.map_err(|_| place.silent(PATIENCE))?.map_err(|error| explain::of_sqlx(place, &error))?;
    // It is not needed any more, however it takes its leave.
    let _ = trial.close().await;
    // One connection for lock and steps: a process that dies gives up the lock only together with its last step.
    let one = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(options.as_ref().clone());
    let one = SqlxPostgresConnector::from_sqlx_postgres_pool(one);
    let prepared: anyhow::Result<()> = async {
        if intent != Intent::Use {
            lock_server(&one).await.map_err(|error| explain::explained(place, &error))?;
        }
        let state = look(place, &one, intent).await?;
        if intent != Intent::Use {
            migrate(place, &one, &state).await?;
        }
        Ok(())
    }
    .await;
    let _ = one.close_by_ref().await;
    prepared?;
    let db = Db::connect(&settings.database_url.0, settings.database_connections).await.and_then(|db| match direct {
        Some(url) => db.with_direct(&url.0),
        None => Ok(db),
    });
    Ok(Opened { db: db.map_err(|error| explain::explained(place, &error))?, claim: None })
}

/// Waits until nobody else migrates; the lock goes with the connection. A step may take as long as it takes.
async fn lock_server(one: &DatabaseConnection) -> Result<(), DbErr> {
    one.execute_unprepared("SET statement_timeout = 0").await?;
    one.execute_unprepared(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
    Ok(())
}

/// Whether this version can work with the database as it is, or may change it so that it can.
async fn look(place: &Place, db: &DatabaseConnection, intent: Intent) -> anyhow::Result<State> {
    let state = migration::state(db).await.map_err(|error| explain::explained(place, &error))?;
    match &state {
        State::Ahead(unknown) => bail!(place.newer(unknown)),
        State::Empty if intent == Intent::Use => bail!(Absent(place.absent())),
        State::Behind if intent == Intent::Use => bail!(place.older()),
        State::Empty => return Ok(state),
        State::Behind | State::Current => {}
    }
    if is_read_only(db).await.map_err(|error| explain::explained(place, &error))? {
        bail!(place.read_only());
    }
    Ok(state)
}

async fn migrate(place: &Place, db: &DatabaseConnection, state: &State) -> anyhow::Result<()> {
    if *state != State::Current {
        Migrator::up(db, None).await.map_err(|error| explain::explained(place, &error))?;
    }
    Ok(())
}

/// Whether nothing can be written. SQLite opens a file that it may not write for reading only, and says so no sooner than at the first
/// statement that writes.
async fn is_read_only(db: &DatabaseConnection) -> Result<bool, DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        let setting = Statement::from_string(DbBackend::Postgres, "SELECT current_setting('transaction_read_only') AS setting");
        let row = db.query_one_raw(setting).await?;
        return Ok(row.and_then(|row| row.try_get::<String>("", "setting").ok()).as_deref() == Some("on"));
    }
    match db.execute_unprepared("DELETE FROM seaql_migrations WHERE 1 = 0").await {
        Ok(_) => Ok(false),
        Err(error) if explain::is_read_only(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The rules on the database of the settings, which is there already, with the playbook in force.
///
/// # Errors
/// [`playbook::Broken`] before anything is opened; then as [`open`].
pub async fn domain(settings: &Settings) -> anyhow::Result<Arc<Domain>> {
    let playbook = playbook::load(settings).map_err(playbook::Broken)?;
    Ok(domain_at(open(settings, Intent::Use).await?.db, settings, playbook, Arc::new(SystemClock), None))
}

/// Like [`domain`] for a server, which makes its database and lets people search `ticket_desk`. With it the claim to the file, to be kept for as long as it serves.
///
/// # Errors
/// As [`domain`], and when another server has the file.
pub async fn to_serve(
    settings: &Settings,
    intent: Intent,
    ticket_desk: Option<Arc<dyn TicketDesk>>,
) -> anyhow::Result<(Arc<Domain>, Option<Lock>)> {
    let playbook = playbook::load(settings).map_err(playbook::Broken)?;
    let Opened { db, claim } = open(settings, intent).await?;
    Ok((domain_at(db, settings, playbook, Arc::new(SystemClock), ticket_desk), claim))
}

/// The rules on this database at another time.
pub fn domain_at(
    db: Db,
    settings: &Settings,
    playbook: Playbook,
    clock: Arc<dyn Clock>,
    ticket_desk: Option<Arc<dyn TicketDesk>>,
) -> Arc<Domain> {
    let mut config = Config {
        data_dir: settings.data_dir.clone(),
        public_url: settings.public_url.clone(),
        systems: Vec::new(),
        tickets: TicketRules::default(),
        pauses: settings.pauses,
        retention: settings.retention,
        client_reply_to: None,
        watches_cards: false,
        chat: ChatRules::default(),
        ops_docs: settings.ops_docs.as_ref().map(OpsDocs::describe),
        webhooks: settings.webhooks.clone(),
        reads_mailboxes: !settings.mailboxes.is_empty(),
        alert_sources: settings.alert_sources.values().map(|source| source.watched()).collect(),
        catalogue: settings.airtable.as_ref().map(|table| CatalogueSource { place: table.place.describe(), every: table.every }),
        cache_bytes: settings.cache_bytes,
    };
    settings.systems.configure(&mut config);
    Domain::new(db, clock, playbook, config, ticket_desk)
}
