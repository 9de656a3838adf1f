//! Who approved what a client gets of a report, and where a finished report went.

use sea_orm_migration::prelude::*;

use crate::columns::{key, optional_text, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000029_publishing"
    }
}

const TIMES: [&str; 2] = ["abridged_at", "clients_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in TIMES {
            let column = ColumnDef::new(column).timestamp_with_time_zone().to_owned();
            manager.alter_table(Table::alter().table("report").add_column(column).to_owned()).await?;
        }
        for table in [approval(), publication()] {
            manager.create_table(table).await?;
        }
        let statements = [
            "CREATE INDEX ix_report_approval_incident_id ON report_approval (incident_id)",
            "CREATE INDEX ix_report_publication_report_id ON report_publication (report_id)",
            "CREATE INDEX ix_report_publication_incident_id ON report_publication (incident_id)",
        ];
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["report_publication", "report_approval"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for column in TIMES {
            manager.alter_table(Table::alter().table("report").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn approval() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("report_approval");
    reference(&mut table, "report_id", "report", true);
    reference(&mut table, "client_id", "client", true);
    text(&mut table, &["sha256"]);
    reference(&mut table, "incident_id", "incident", true);
    text(&mut table, &["text"]);
    reference(&mut table, "approved_by_id", "person", true);
    time(&mut table, &["approved_at"]);
    optional_text(&mut table, &["note"]);
    key(&mut table, &["report_id", "client_id", "sha256"]);
    table
}

fn publication() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("report_publication");
    reference(&mut table, "delivery_id", "delivery", true);
    reference(&mut table, "report_id", "report", true);
    reference(&mut table, "incident_id", "incident", true);
    reference(&mut table, "client_id", "client", false);
    text(&mut table, &["sha256"]);
    reference(&mut table, "published_by_id", "person", false);
    time(&mut table, &["published_at"]);
    key(&mut table, &["delivery_id"]);
    table
}
