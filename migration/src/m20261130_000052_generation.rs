//! A mark that changes with each name that is shown in incidents and changes without their version: of people, clients and sites.
//!
//! What is kept of an answer counts for the mark that was there before and after its names were read (`incident::kept` in `domain`). The mark is
//! drawn anew rather than counted up: a backup or a fail-over that takes a change back brings the mark of before, and no later change brings it
//! again.
//!
//! Only changes count. What an incident names exists before and as long as it does, because of its foreign keys, and when it names something else its
//! version grows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000052_generation"
    }
}

/// The columns that are shown in incidents.
const SHOWN: [(&str, &[&str]); 3] = [("person", &["name"]), ("client", &["name", "importance"]), ("site", &["name", "client_id"])];

/// One row for all, so nobody who changes several can wait for somebody who waits for them. A transaction draws once, however many names it changes.
const POSTGRES: [&str; 3] = [
    "CREATE TABLE generation (what text PRIMARY KEY, mark uuid NOT NULL)",
    "INSERT INTO generation (what, mark) VALUES ('names', '00000000-0000-0000-0000-000000000000')",
    "CREATE FUNCTION draw_names_mark() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN UPDATE generation SET mark = gen_random_uuid() \
     WHERE what = 'names' AND xmin <> pg_current_xact_id()::xid; RETURN NULL; END $$",
];
const SQLITE: [&str; 2] = [
    "CREATE TABLE generation (what text NOT NULL PRIMARY KEY, mark uuid_text NOT NULL)",
    "INSERT INTO generation (what, mark) VALUES ('names', zeroblob(16))",
];

/// On PostgreSQL the row is locked last, as the transaction commits: whoever imports many names holds up nobody before, and asks for no lock after.
fn trigger(backend: DbBackend, table: &str, columns: &[&str]) -> String {
    let of = columns.join(", ");
    let changes =
        |differs: &str| columns.iter().map(|column| format!("OLD.{column} {differs} NEW.{column}")).collect::<Vec<_>>().join(" OR ");
    if backend == DbBackend::Postgres {
        let changes = changes("IS DISTINCT FROM");
        return format!(
            "CREATE CONSTRAINT TRIGGER {table}_names AFTER UPDATE OF {of} ON {table} DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW WHEN ({changes}) EXECUTE FUNCTION draw_names_mark()"
        );
    }
    let changes = changes("IS NOT");
    format!(
        "CREATE TRIGGER {table}_names AFTER UPDATE OF {of} ON {table} WHEN {changes} \
         BEGIN UPDATE generation SET mark = randomblob(16) WHERE what = 'names'; END"
    )
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let statements: &[&str] = if backend == DbBackend::Postgres { &POSTGRES } else { &SQLITE };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        for (table, columns) in SHOWN {
            manager.get_connection().execute_unprepared(&trigger(backend, table, columns)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        for (table, _) in SHOWN {
            let on = if is_postgres { format!(" ON {table}") } else { String::new() };
            manager.get_connection().execute_unprepared(&format!("DROP TRIGGER {table}_names{on}")).await?;
        }
        if is_postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION draw_names_mark()").await?;
        }
        manager.drop_table(Table::drop().table("generation").to_owned()).await
    }
}
