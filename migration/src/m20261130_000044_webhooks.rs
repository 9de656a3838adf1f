//! Where events are posted to, and what is posted there.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000044_webhooks"
    }
}

/// What is posted to an endpoint is listed newest first, all or by its state; what is due is found by its time, and what is old by its age.
const INDEXES: [&str; 4] = [
    "CREATE INDEX ix_webhook_message_endpoint_id_id ON webhook_message (endpoint_id, id)",
    "CREATE INDEX ix_webhook_message_endpoint_id_state_id ON webhook_message (endpoint_id, state, id)",
    "CREATE INDEX ix_webhook_message_due ON webhook_message (endpoint_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL",
    "CREATE INDEX ix_webhook_message_created_at ON webhook_message (created_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [endpoint(), message()] {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["webhook_message", "webhook_endpoint"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn endpoint() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("webhook_endpoint");
    id(&mut table);
    text(&mut table, &["name", "url", "secret_hash"]);
    table.col(ColumnDef::new("types").json_binary());
    table.col(ColumnDef::new("least_severity").small_integer());
    table.col(ColumnDef::new("includes_restricted").boolean().not_null());
    integer(&mut table, &["generation"]);
    reference(&mut table, "created_by_id", "person", false);
    time(&mut table, &["created_at"]);
    optional_text(&mut table, &["disabled_why"]);
    optional_time(&mut table, &["rotated_at", "disabled_at", "failing_since", "paused_until"]);
    table
}

fn message() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("webhook_message");
    id(&mut table);
    // No foreign key: a change must not fail because the endpoint that it tells was removed a moment before.
    table.col(ColumnDef::new("endpoint_id").uuid().not_null());
    reference(&mut table, "incident_id", "incident", false);
    text(&mut table, &["event_type", "body", "state"]);
    integer(&mut table, &["attempts"]);
    table.col(ColumnDef::new("last_status").integer());
    optional_text(&mut table, &["last_error", "answer"]);
    time(&mut table, &["created_at"]);
    optional_time(&mut table, &["next_attempt_at", "ended_at"]);
    table
}
