//! Incidents are found by the hour in which they changed, not by the moment.
//!
//! Every change sets the moment. As long as that was indexed, PostgreSQL had to write a new entry into each of the nine indexes of `incident` for each note
//! on a timeline. Now a note changes nothing that is indexed, except for the first in an hour: the new row finds room beside the old one (hence the
//! fillfactor), and no index is touched.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000053_changed_hour"
    }
}

/// Times are texts on SQLite, in UTC; without their fraction, which would be rounded. It computes the column when it needs it: it can't add one that is
/// stored.
const SQLITE: &str = "ALTER TABLE incident ADD COLUMN changed_hour integer \
    GENERATED ALWAYS AS (CAST(strftime('%s', substr(changed_at, 1, 19)) AS integer) / 3600) VIRTUAL";
const POSTGRES: &str = "ALTER TABLE incident ADD COLUMN changed_hour integer NOT NULL \
    GENERATED ALWAYS AS (floor(extract(epoch FROM changed_at AT TIME ZONE 'UTC') / 3600)::integer) STORED";
const INDEX: [&str; 2] = ["CREATE INDEX ix_incident_changed_hour ON incident (changed_hour)", "DROP INDEX ix_incident_changed_at_id"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The room comes first: PostgreSQL writes the table anew for the column.
        let column: &[&str] = if manager.get_database_backend() == DbBackend::Postgres {
            &["ALTER TABLE incident SET (fillfactor = 80)", POSTGRES]
        } else {
            &[SQLITE]
        };
        for statement in column.iter().chain(&INDEX) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut statements = vec![
            "CREATE INDEX ix_incident_changed_at_id ON incident (changed_at, id)",
            "DROP INDEX ix_incident_changed_hour",
            "ALTER TABLE incident DROP COLUMN changed_hour",
        ];
        if manager.get_database_backend() == DbBackend::Postgres {
            statements.push("ALTER TABLE incident RESET (fillfactor)");
        }
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
