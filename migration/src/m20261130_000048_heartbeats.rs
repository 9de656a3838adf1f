//! Jobs that are to be heard of again and again.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000048_heartbeats"
    }
}

/// A heartbeat is found by its name with each beat, and by its time when it is due.
const INDEXES: [&str; 2] = [
    "CREATE UNIQUE INDEX ux_heartbeat_name ON heartbeat (name)",
    "CREATE INDEX ix_heartbeat_next_due_at ON heartbeat (next_due_at) WHERE next_due_at IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [heartbeat(), heartbeat_watch()] {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["heartbeat_watch", "heartbeat"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn heartbeat() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("heartbeat");
    id(&mut table);
    text(&mut table, &["name", "secret_hash"]);
    table.col(ColumnDef::new("severity").small_integer().not_null());
    integer(&mut table, &["every_seconds", "grace_seconds", "version"]);
    reference(&mut table, "site_id", "site", false);
    reference(&mut table, "created_by_id", "person", false);
    optional_text(&mut table, &["note", "failure", "alarm_title"]);
    time(&mut table, &["created_at"]);
    let times = ["rotated_at", "paused_at", "last_beat_at", "failed_at", "expected_by", "next_due_at", "alarm_since"];
    optional_time(&mut table, &times);
    table
}

fn heartbeat_watch() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("heartbeat_watch").col(ColumnDef::new("name").text().not_null().primary_key());
    time(&mut table, &["seen_at", "up_since"]);
    table
}
