//! Alerts that flap: one row for a stretch of it. And what alerts of a group joined is read from an index alone.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000047_flapping"
    }
}

const UP: &[&str] = &[
    "CREATE INDEX ix_alert_look_at ON alert (look_at) WHERE look_at IS NOT NULL",
    "CREATE INDEX ix_alert_source_group_key_incident_id ON alert (source, group_key, incident_id)",
    "DROP INDEX ix_alert_source_group_key",
];

const DOWN: &[&str] = &[
    "CREATE INDEX ix_alert_source_group_key ON alert (source, group_key)",
    "DROP INDEX ix_alert_source_group_key_incident_id",
    "DROP INDEX ix_alert_look_at",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [ColumnDef::new("stretch").json_binary().to_owned(), ColumnDef::new("look_at").timestamp_with_time_zone().to_owned()]
        {
            manager.alter_table(Table::alter().table("alert").add_column(column).to_owned()).await?;
        }
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await?;
        for column in ["look_at", "stretch"] {
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
