//! The team's chat: whose account is whose, the channel of an incident, what was taken from it, and what arrived from there.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, key, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000039_chat"
    }
}

/// Tables in the order in which they can be created; dropped in reverse.
const TABLES: &[(&str, fn(&mut TableCreateStatement))] = &[
    ("chat_search", chat_search),
    ("chat_link", chat_link),
    ("chat_channel", chat_channel),
    ("chat_message", chat_message),
    ("chat_capture", chat_capture),
    ("chat_arrival", chat_arrival),
];

/// `(table, columns, unique)`; the index name is derived from them.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("person", &["chat_account"], true),
    ("chat_link", &["expires_at"], false),
    ("chat_channel", &["channel"], true),
    ("chat_channel", &["rests_since"], false),
    ("chat_message", &["incident_id"], false),
    ("chat_capture", &["event_id"], false),
    ("chat_arrival", &["done_at", "in_turn", "arrived_at"], false),
    ("chat_arrival", &["arrived_at"], false),
];

/// Columns of tables that are there already.
const COLUMNS: &[(&str, &str, ColumnType)] = &[
    ("person", "chat_account", ColumnType::Text),
    ("incident", "chat_since", ColumnType::TimestampWithTimeZone),
    ("incident", "channel_ordered_at", ColumnType::TimestampWithTimeZone),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column, kind) in COLUMNS {
            let column = ColumnDef::new_with_type(*column, kind.clone());
            manager.alter_table(Table::alter().table(*table).add_column(column).to_owned()).await?;
        }
        for (name, columns) in TABLES {
            let mut table = Table::create();
            table.table(*name);
            columns(&mut table);
            manager.create_table(table).await?;
        }
        for (table, columns, unique) in INDEXES {
            let mut index = Index::create();
            index.name(index_name(table, columns, *unique)).table(*table);
            for column in *columns {
                index.col(*column);
            }
            if *unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in TABLES.iter().rev() {
            manager.drop_table(Table::drop().table(*name).to_owned()).await?;
        }
        manager.drop_index(Index::drop().name(index_name("person", &["chat_account"], true)).table("person").to_owned()).await?;
        for (table, column, _) in COLUMNS {
            manager.alter_table(Table::alter().table(*table).drop_column(*column).to_owned()).await?;
        }
        Ok(())
    }
}

fn index_name(table: &str, columns: &[&str], unique: bool) -> String {
    let kind = if unique { "uq" } else { "ix" };
    format!("{kind}_{table}_{}", columns.join("_"))
}

fn chat_search(table: &mut TableCreateStatement) {
    reference(table, "person_id", "person", true);
    text(table, &["email"]);
    optional_time(table, &["again_at"]);
    key(table, &["person_id"]);
}

fn chat_link(table: &mut TableCreateStatement) {
    text(table, &["secret_hash", "account", "name"]);
    time(table, &["expires_at"]);
    key(table, &["secret_hash"]);
}

fn chat_channel(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    optional_text(table, &["channel", "name", "url"]);
    table.col(ColumnDef::new("is_private").boolean().not_null());
    table.col(ColumnDef::new("is_ours").boolean().not_null());
    optional_text(table, &["summary_ts", "shown", "invited", "problem", "history_page"]);
    integer(table, &["shown_version"]);
    table.col(ColumnDef::new("reads_history").boolean().not_null());
    optional_time(table, &["due_at", "archive_at", "archived_at", "rests_since"]);
    key(table, &["incident_id"]);
}

fn chat_message(table: &mut TableCreateStatement) {
    reference(table, "delivery_id", "delivery", true);
    reference(table, "incident_id", "incident", true);
    text(table, &["shown"]);
    table.col(ColumnDef::new("is_settled").boolean().not_null());
    key(table, &["delivery_id"]);
}

fn chat_capture(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    text(table, &["channel", "ts"]);
    reference(table, "event_id", "timeline_event", true);
    text(table, &["text"]);
    optional_time(table, &["deleted_at"]);
    key(table, &["incident_id", "channel", "ts"]);
}

fn chat_arrival(table: &mut TableCreateStatement) {
    text(table, &["id", "kind", "body"]);
    table.col(ColumnDef::new("in_turn").boolean().not_null());
    time(table, &["arrived_at"]);
    optional_time(table, &["due_at", "done_at"]);
    integer(table, &["attempts"]);
    optional_text(table, &["problem", "reporter"]);
    key(table, &["id"]);
}
