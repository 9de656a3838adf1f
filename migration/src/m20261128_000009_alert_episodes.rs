//! Alerts by what their sources say, not by our clock: each firing is an episode of its own.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000009_alert_episodes"
    }
}

const UP: &[&str] = &[
    "UPDATE alert SET told_start = starts_at, told_end = ends_at, identity = CAST(starts_at AS TEXT)",
    "DROP INDEX uq_alert_source_fingerprint_starts_at",
    "CREATE INDEX ix_alert_source_fingerprint ON alert (source, fingerprint)",
    "CREATE UNIQUE INDEX uq_alert_firing ON alert (source, fingerprint, identity) WHERE firing",
];

/// What the columns can't hold any more goes: of episodes with one start, the newest stays.
const DOWN: &[&str] = &[
    "DROP INDEX uq_alert_firing",
    "DROP INDEX ix_alert_source_fingerprint",
    "DELETE FROM alert WHERE EXISTS (SELECT 1 FROM alert newer WHERE newer.source = alert.source \
     AND newer.fingerprint = alert.fingerprint AND newer.starts_at = alert.starts_at AND newer.id > alert.id)",
    "CREATE UNIQUE INDEX uq_alert_source_fingerprint_starts_at ON alert (source, fingerprint, starts_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            ColumnDef::new("identity").text().not_null().default("").to_owned(),
            ColumnDef::new("told_start").timestamp_with_time_zone().to_owned(),
            ColumnDef::new("told_end").timestamp_with_time_zone().to_owned(),
            ColumnDef::new("severity").small_integer().to_owned(),
        ] {
            manager.alter_table(Table::alter().table("alert").add_column(column).to_owned()).await?;
        }
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await?;
        for column in ["severity", "told_end", "told_start", "identity"] {
            manager.alter_table(Table::alter().table("alert").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
