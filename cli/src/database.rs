//! Opens the database and brings it up to date.

use std::sync::Arc;

use anyhow::Context;
use domain::Domain;
use domain::clock::{Clock, SystemClock};
use domain::config::Config;
use domain::db::{self, Db};
use domain::playbook::Playbook;
use migration::{Migrator, MigratorTrait};
use sea_orm::DbBackend;
use sea_orm::sqlx::Connection;
use worker::queue::Queue;

use crate::settings::Settings;
use crate::{playbook, systems};

/// Lets one process at a time migrate a PostgreSQL database; the number has no meaning.
const MIGRATION_LOCK: i64 = 0x4d75_7374_6572_0001;

/// Connects, and migrates what needs it. Several processes may do so at once.
///
/// # Errors
/// When the database can't be reached or a migration fails.
pub async fn open(settings: &Settings) -> anyhow::Result<Db> {
    let url = &settings.database_url.0;
    db::prepare_folder(url).context("the folder of the database can't be made")?;
    let db = Db::connect(url, settings.database_connections).await.context("the database can't be opened")?;
    migrate(&db).await.context("the database can't be brought up to date")?;
    Ok(db)
}

async fn migrate(db: &Db) -> anyhow::Result<()> {
    if db.backend() == DbBackend::Postgres {
        let pool = db.write().get_postgres_connection_pool();
        let mut lock = sea_orm::sqlx::PgConnection::connect_with(&pool.connect_options()).await?;
        sea_orm::sqlx::query("SELECT pg_advisory_lock($1)").bind(MIGRATION_LOCK).execute(&mut lock).await?;
        let outcome = apply(db).await;
        // The lock goes with its connection.
        lock.close().await?;
        return outcome;
    }
    apply(db).await
}

async fn apply(db: &Db) -> anyhow::Result<()> {
    if !Migrator::get_pending_migrations(db.write()).await?.is_empty() {
        Migrator::up(db.write(), None).await?;
    }
    Queue::new(db.write())?.migrate().await?;
    Ok(())
}

/// The rules on the database of the settings, with the playbook in force.
///
/// # Errors
/// [`playbook::Broken`] before anything is opened; then as [`open`].
pub async fn domain(settings: &Settings) -> anyhow::Result<Arc<Domain>> {
    let playbook = playbook::load(settings).map_err(playbook::Broken)?;
    Ok(domain_at(open(settings).await?, settings, playbook, Arc::new(SystemClock)))
}

/// The rules on this database at another time.
pub fn domain_at(db: Db, settings: &Settings, playbook: Playbook, clock: Arc<dyn Clock>) -> Arc<Domain> {
    let config = Config {
        data_dir: settings.data_dir.clone(),
        public_url: settings.public_url.clone(),
        systems: systems::connected(settings),
        tickets: settings.tickets.clone(),
        pauses: settings.pauses,
        watches_cards: settings.trello.is_some() && settings.trello_secret.is_some(),
    };
    Domain::new(db, clock, playbook, config)
}
