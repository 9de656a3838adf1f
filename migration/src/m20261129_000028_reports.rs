//! The report of an incident, its sections and their revisions, who reads it, what they say, and what people are called in it.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, key, optional_text, optional_time, reference, text, time};

const TABLES: [&str; 6] = ["report_names", "report_reader", "report_comment", "report_revision", "report_section", "report"];

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000028_reports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [report(), section(), revision(), comment(), reader(), names()] {
            manager.create_table(table).await?;
        }
        let statements = [
            "CREATE UNIQUE INDEX uq_report_incident_id ON report (incident_id)",
            "CREATE INDEX ix_report_section_incident_id ON report_section (incident_id)",
            "CREATE INDEX ix_report_comment_report_id ON report_comment (report_id, id)",
            "CREATE INDEX ix_report_comment_incident_id ON report_comment (incident_id)",
            "CREATE INDEX ix_report_reader_incident_id ON report_reader (incident_id)",
        ];
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn report() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("report");
    id(&mut table);
    reference(&mut table, "incident_id", "incident", true);
    text(&mut table, &["state"]);
    time(&mut table, &["started_at"]);
    optional_time(&mut table, &["circulated_at", "final_at"]);
    reference(&mut table, "final_by_id", "person", false);
    optional_text(&mut table, &["review_waived"]);
    table
}

/// The columns of a row that belongs to a report, and names its incident so that rights can be checked without a join.
fn of_report(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    reference(&mut table, "report_id", "report", true);
    reference(&mut table, "incident_id", "incident", true);
    table
}

/// What a section says.
fn words(table: &mut TableCreateStatement) {
    text(table, &["key", "body"]);
    optional_text(table, &["abridged", "client"]);
    integer(table, &["versions", "version"]);
}

fn section() -> TableCreateStatement {
    let mut table = of_report("report_section");
    words(&mut table);
    text(&mut table, &["title", "prefill"]);
    time(&mut table, &["changed_at"]);
    reference(&mut table, "changed_by_id", "person", false);
    key(&mut table, &["report_id", "key"]);
    table
}

fn revision() -> TableCreateStatement {
    let mut table = of_report("report_revision");
    words(&mut table);
    time(&mut table, &["written_at"]);
    reference(&mut table, "written_by_id", "person", false);
    key(&mut table, &["report_id", "key", "version"]);
    table
}

fn comment() -> TableCreateStatement {
    let mut table = of_report("report_comment");
    id(&mut table);
    text(&mut table, &["section_key", "kind", "body"]);
    optional_text(&mut table, &["quote", "resolution"]);
    reference(&mut table, "author_id", "person", false);
    time(&mut table, &["created_at"]);
    optional_time(&mut table, &["resolved_at"]);
    reference(&mut table, "resolved_by_id", "person", false);
    table
}

fn reader() -> TableCreateStatement {
    let mut table = of_report("report_reader");
    reference(&mut table, "person_id", "person", true);
    time(&mut table, &["asked_at"]);
    optional_time(&mut table, &["read_at"]);
    key(&mut table, &["report_id", "person_id"]);
    table
}

fn names() -> TableCreateStatement {
    let mut table = of_report("report_names");
    table.col(ColumnDef::new("cast").json_binary().not_null()).col(ColumnDef::new("decisions").json_binary().not_null());
    key(&mut table, &["report_id"]);
    table
}
