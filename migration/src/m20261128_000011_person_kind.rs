//! Who is a person and who a program, where people can be phoned, and what became of a page.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000011_person_kind"
    }
}

/// Optional texts, by table.
const TEXTS: [(&str, &str); 7] = [
    ("person", "phone"),
    ("page", "why"),
    ("page", "lost"),
    ("page", "answered_how"),
    ("page", "briefing"),
    ("role_offer", "secret"),
    ("role_offer", "secret_hash"),
];
/// Optional times, by table.
const TIMES: [(&str, &str); 6] = [
    ("page", "lost_at"),
    ("page", "opened_at"),
    ("incident", "critical_since"),
    ("incident", "security_breach_since"),
    ("incident", "data_breach_since"),
    ("incident", "triage_from"),
];
/// Optional ids, by table.
const IDS: [(&str, &str); 2] = [("page", "asked_by_id"), ("session", "incident_id")];

/// Where the owners of tokens that belong to nobody had their addresses.
const OF_TOKENS: &str = "%@tokens.invalid";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let kind = ColumnDef::new("kind").text().not_null().default("HUMAN").to_owned();
        add(manager, "person", kind).await?;
        for (table, column) in TEXTS {
            add(manager, table, ColumnDef::new(column).text().to_owned()).await?;
        }
        for (table, column) in TIMES {
            add(manager, table, ColumnDef::new(column).timestamp_with_time_zone().to_owned()).await?;
        }
        for (table, column) in IDS {
            add(manager, table, ColumnDef::new(column).uuid().to_owned()).await?;
        }
        let mut services = Query::update();
        services.table("person").value("kind", "SERVICE").and_where(Expr::col("email").like(OF_TOKENS));
        manager.execute(services).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = TEXTS.into_iter().chain(TIMES).chain(IDS).chain([("person", "kind")]);
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// SQLite takes one column at a time.
async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await
}
