//! Known events: the pages of the ops docs, how the last reading went, what pages and incidents can be found by, and what people say helped.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, key, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000043_known_events"
    }
}

/// Tables in the order in which they can be created; dropped in reverse.
const TABLES: &[(&str, fn(&mut TableCreateStatement))] = &[
    ("ops_page", ops_page),
    ("ops_reading", ops_reading),
    ("known_term", known_term),
    ("known_near", known_near),
    ("known_rating", known_rating),
];

/// `(table, columns, unique)`; the index name is derived from them.
const INDEXES: &[(&str, &[&str], bool)] = &[
    ("ops_page", &["path"], true),
    ("ops_page", &["number"], true),
    ("known_term", &["doc", "kind"], false),
    ("known_rating", &["subject"], false),
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
        // What is made anew from all incidents begins with the first.
        manager.exec_stmt(Query::delete().from_table("watermark").and_where(Expr::col("name").eq("known-events")).to_owned()).await
    }
}

fn index_name(table: &str, columns: &[&str], unique: bool) -> String {
    let kind = if unique { "uq" } else { "ix" };
    format!("{kind}_{table}_{}", columns.join("_"))
}

fn ops_page(table: &mut TableCreateStatement) {
    id(table);
    integer(table, &["number"]);
    text(table, &["path", "title", "text", "sha256"]);
    table.col(ColumnDef::new("about").json_binary().not_null());
    optional_text(table, &["problem"]);
    time(table, &["changed_at"]);
}

fn ops_reading(table: &mut TableCreateStatement) {
    text(table, &["name"]);
    time(table, &["due_at", "tried_at"]);
    integer(table, &["failures", "pages"]);
    optional_time(table, &["read_at"]);
    optional_text(table, &["mark", "problem"]);
    table.col(ColumnDef::new("unread").json_binary().not_null());
    key(table, &["name"]);
}

fn known_term(table: &mut TableCreateStatement) {
    table.col(ColumnDef::new("kind").small_integer().not_null());
    text(table, &["term"]);
    integer(table, &["doc"]);
    table.col(ColumnDef::new("weight").small_integer().not_null());
    key(table, &["kind", "term", "doc"]);
}

fn known_near(table: &mut TableCreateStatement) {
    text(table, &["near", "word"]);
    key(table, &["near", "word"]);
}

fn known_rating(table: &mut TableCreateStatement) {
    reference(table, "incident_id", "incident", true);
    reference(table, "person_id", "person", true);
    text(table, &["subject", "verdict"]);
    time(table, &["rated_at"]);
    key(table, &["incident_id", "person_id", "subject"]);
}
