//! Tickets, client updates, follow-ups, and how far they are synchronised with outside systems.

use sea_orm_migration::prelude::*;

use crate::columns::{id, key, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000005_clients"
    }
}

const TABLES: &[(&str, fn(&mut TableCreateStatement))] = &[
    ("ticket", ticket),
    ("client_update", client_update),
    ("follow_up", follow_up),
    ("held_system", held_system),
    ("hook_event", hook_event),
    ("sync_mark", sync_mark),
];

/// What a delivery may belong to, in addition to the incident. Without foreign keys, which SQLite can't add to an existing table.
const OF_DELIVERY: &[&str] = &["client_id", "client_update_id", "ticket_id", "follow_up_id"];

const INDEXES: &[&str] = &[
    "CREATE UNIQUE INDEX uq_ticket_external_id ON ticket (system, external_id, incident_id)",
    "CREATE INDEX ix_ticket_incident_id ON ticket (incident_id)",
    "CREATE INDEX ix_client_update_incident_id ON client_update (incident_id)",
    "CREATE INDEX ix_follow_up_incident_id ON follow_up (incident_id)",
    "CREATE INDEX ix_follow_up_card_id ON follow_up (card_id) WHERE card_id IS NOT NULL",
    "CREATE INDEX ix_hook_event_received_at ON hook_event (received_at)",
    "CREATE INDEX ix_delivery_follow_up_id ON delivery (follow_up_id) WHERE follow_up_id IS NOT NULL",
    // Two simultaneous orders for one card could create it twice.
    "CREATE UNIQUE INDEX uq_delivery_follow_up_sending ON delivery (follow_up_id) WHERE follow_up_id IS NOT NULL AND state = 'SENDING'",
    "CREATE INDEX ix_delivery_client_update_id ON delivery (client_update_id) WHERE client_update_id IS NOT NULL",
    "CREATE UNIQUE INDEX uq_client_zendesk_organization_id ON client (zendesk_organization_id) WHERE zendesk_organization_id IS NOT NULL",
    "CREATE UNIQUE INDEX uq_contact_zendesk_user_id ON contact (zendesk_user_id) WHERE zendesk_user_id IS NOT NULL",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, columns) in TABLES {
            let mut table = Table::create();
            table.table(*name);
            columns(&mut table);
            manager.create_table(table).await?;
        }
        for name in OF_DELIVERY {
            add_column(manager, "delivery", ColumnDef::new(*name).uuid().to_owned()).await?;
        }
        add_column(manager, "incident", ColumnDef::new("problem_ordered_at").timestamp_with_time_zone().to_owned()).await?;
        add_column(manager, "contact", ColumnDef::new("zendesk_user_id").text().to_owned()).await?;
        add_column(manager, "contact", ColumnDef::new("zendesk_seen_at").timestamp_with_time_zone().to_owned()).await?;
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let database = manager.get_connection();
        let of_older_tables = [
            "ix_delivery_follow_up_id",
            "uq_delivery_follow_up_sending",
            "ix_delivery_client_update_id",
            "uq_client_zendesk_organization_id",
            "uq_contact_zendesk_user_id",
        ];
        for index in of_older_tables {
            database.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for (table, column) in [("contact", "zendesk_seen_at"), ("contact", "zendesk_user_id"), ("incident", "problem_ordered_at")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        for name in OF_DELIVERY {
            manager.alter_table(Table::alter().table("delivery").drop_column(*name).to_owned()).await?;
        }
        for (name, _) in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*name).to_owned()).await?;
        }
        Ok(())
    }
}

/// SQLite adds one column per statement.
async fn add_column(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}

fn ticket(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    text(table, &["system", "external_id"]);
    optional_text(table, &["url"]);
    table.col(ColumnDef::new("parent").boolean().not_null());
    text(table, &["link"]);
    optional_text(table, &["subject", "status"]);
    optional_time(table, &["seen_at"]);
    reference(table, "client_id", "client", false);
    time(table, &["created_at"]);
}

fn client_update(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    text(table, &["body"]);
    table.col(ColumnDef::new("clients").json_binary());
    reference(table, "author_id", "person", true);
    time(table, &["created_at"]);
    reference(table, "approved_by_id", "person", false);
    optional_time(table, &["approved_at"]);
    reference(table, "sent_by_id", "person", false);
    optional_time(table, &["sent_at"]);
}

fn follow_up(table: &mut TableCreateStatement) {
    id(table);
    reference(table, "incident_id", "incident", true);
    text(table, &["title"]);
    optional_text(table, &["description"]);
    text(table, &["board"]);
    reference(table, "owner_id", "person", true);
    table.col(ColumnDef::new("due_on").date());
    text(table, &["state"]);
    optional_text(table, &["reason"]);
    time(table, &["created_at", "changed_at"]);
    optional_time(table, &["settled_at"]);
    optional_text(table, &["card_id", "card_url"]);
    table.col(ColumnDef::new("card").json_binary());
}

fn held_system(table: &mut TableCreateStatement) {
    text(table, &["system", "reason"]);
    time(table, &["since"]);
    key(table, &["system"]);
}

fn hook_event(table: &mut TableCreateStatement) {
    text(table, &["system", "event"]);
    time(table, &["received_at"]);
    key(table, &["system", "event"]);
}

fn sync_mark(table: &mut TableCreateStatement) {
    text(table, &["name"]);
    optional_time(table, &["known_until", "complete_at"]);
    table.col(ColumnDef::new("under_way").json_binary());
    key(table, &["name"]);
}
