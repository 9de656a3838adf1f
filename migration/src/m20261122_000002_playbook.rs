//! The facts the playbook counts from, its settled steps, pages, and effects on outside systems.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, key, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000002_playbook"
    }
}

const TABLES: &[(&str, fn(&mut TableCreateStatement))] =
    &[("step", step), ("page", page), ("delivery", delivery), ("role_offer", role_offer)];

/// Columns added to incidents.
const TIMES: &[&str] = &[
    "next_due_at",
    "reopened_at",
    "raised_at",
    "leadership_since",
    "breach_since",
    "escalated_at",
    "last_update_at",
    "last_client_update_at",
    "first_client_at",
];
const COUNTS: &[&str] = &["raised", "updates", "client_updates"];

/// Partial indexes on large tables, and ordinary ones.
const INDEXES: &[&str] = &[
    "CREATE INDEX ix_incident_next_due_at ON incident (next_due_at) WHERE next_due_at IS NOT NULL",
    "CREATE INDEX ix_page_incident_id ON page (incident_id)",
    "CREATE INDEX ix_page_person_id ON page (person_id)",
    "CREATE UNIQUE INDEX uq_page_secret_hash ON page (secret_hash)",
    "CREATE INDEX ix_delivery_incident_id ON delivery (incident_id, id)",
    "CREATE INDEX ix_delivery_state ON delivery (state, id)",
    "CREATE INDEX ix_delivery_next_attempt_at ON delivery (next_attempt_at) WHERE next_attempt_at IS NOT NULL",
    "CREATE INDEX ix_role_offer_incident_id ON role_offer (incident_id)",
    "CREATE INDEX ix_role_offer_person_id ON role_offer (person_id)",
];

/// The values that older rows would have if this version had written them. The worker sets `next_due_at` when it starts.
const BACKFILL: &[&str] = &[
    "UPDATE incident SET \
     updates = (SELECT count(*) FROM timeline_event e WHERE e.incident_id = incident.id AND e.kind = 'UPDATE'), \
     last_update_at = (SELECT max(e.recorded_at) FROM timeline_event e WHERE e.incident_id = incident.id AND e.kind = 'UPDATE'), \
     first_client_at = (SELECT min(c.since) FROM incident_client c WHERE c.incident_id = incident.id)",
    "UPDATE incident SET raised = 1, raised_at = declared_at WHERE declared_at IS NOT NULL AND severity <= 2",
    "UPDATE incident SET leadership_since = declared_at WHERE declared_at IS NOT NULL AND (severity = 1 OR flags & 3 <> 0)",
    "UPDATE incident SET breach_since = coalesce(declared_at, reported_at) WHERE flags & 3 <> 0",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in TIMES {
            let mut column = ColumnDef::new(*name);
            column.timestamp_with_time_zone();
            add_column(manager, "incident", column).await?;
        }
        for name in COUNTS {
            let mut column = ColumnDef::new(*name);
            column.integer().not_null().default(0);
            add_column(manager, "incident", column).await?;
        }
        let mut quiet = ColumnDef::new("quiet");
        quiet.integer().not_null().default(0);
        add_column(manager, "person", quiet).await?;
        for (name, columns) in TABLES {
            let mut table = Table::create();
            table.table(*name);
            columns(&mut table);
            manager.create_table(table).await?;
        }
        for statement in INDEXES.iter().chain(BACKFILL) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*name).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared("DROP INDEX ix_incident_next_due_at").await?;
        for (table, columns) in [("incident", TIMES), ("incident", COUNTS), ("person", &["quiet"])] {
            for column in columns {
                manager.alter_table(Table::alter().table(table).drop_column(*column).to_owned()).await?;
            }
        }
        Ok(())
    }
}

/// SQLite adds one column per statement.
async fn add_column(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}

fn step(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    text(table, &["key"]);
    time(table, &["due_at"]);
    optional_time(table, &["due_reminded_at", "overdue_reminded_at", "settled_at"]);
    reference(table, "settled_by_id", "person", false);
    table.col(ColumnDef::new("waived").boolean().not_null());
    optional_text(table, &["note"]);
    key(table, &["incident_id", "key"]);
}

fn page(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    reference(table, "person_id", "person", true);
    text(table, &["reason"]);
    optional_text(table, &["step_key"]);
    time(table, &["paged_at"]);
    optional_time(table, &["answered_at"]);
    reference(table, "answered_by_id", "person", false);
    optional_text(table, &["note", "secret_hash", "secret"]);
}

fn delivery(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", false);
    text(table, &["system", "operation", "state"]);
    integer(table, &["attempts"]);
    optional_text(table, &["last_error"]);
    optional_time(table, &["next_attempt_at"]);
    text(table, &["effect"]);
    reference(table, "person_id", "person", false);
    optional_text(table, &["step_key"]);
    reference(table, "page_id", "page", false);
    optional_text(table, &["external_id", "external_url"]);
    time(table, &["created_at"]);
    optional_time(table, &["delivered_at"]);
}

fn role_offer(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    text(table, &["role"]);
    reference(table, "person_id", "person", true);
    reference(table, "offered_by_id", "person", false);
    time(table, &["offered_at"]);
    optional_text(table, &["note"]);
    text(table, &["brief", "state"]);
    optional_time(table, &["answered_at"]);
}
