//! The words that incidents are found by, and how many of the incidents of before have yet to get theirs.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000051_incident_words"
    }
}

/// One index answers "which incidents have a word that begins like this", the primary key "does this incident have one". Both are ranges, so words
/// are compared byte by byte, whatever language the database is set to.
const POSTGRES: [&str; 2] = [
    "CREATE TABLE incident_word (number integer NOT NULL, word text COLLATE \"C\" NOT NULL, \
     CONSTRAINT pk_incident_word PRIMARY KEY (number, word))",
    INDEX,
];
const SQLITE: [&str; 2] = [
    "CREATE TABLE incident_word (number integer NOT NULL, word text NOT NULL, \
     CONSTRAINT pk_incident_word PRIMARY KEY (number, word)) WITHOUT ROWID",
    INDEX,
];
const INDEX: &str = "CREATE INDEX ix_incident_word_word_number ON incident_word (word, number)";

/// A chore gives those of before their words, newest first, a few at a time: all of them here would be one transaction of minutes.
const TO_DO: &str = "INSERT INTO counter (name, value) SELECT 'unsearched', value FROM counter WHERE name = 'incident'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = if manager.get_database_backend() == DbBackend::Postgres { POSTGRES } else { SQLITE };
        for statement in statements.into_iter().chain([TO_DO]) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("incident_word").to_owned()).await?;
        manager.exec_stmt(Query::delete().from_table("counter").and_where(Expr::col("name").eq("unsearched")).to_owned()).await
    }
}
