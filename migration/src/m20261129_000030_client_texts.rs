//! What each client's version of a report says by itself since the report was finished, and what clients and their sites were called before.

use sea_orm_migration::prelude::*;

use crate::columns::{key, reference, text};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000030_client_texts"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("report_part");
        reference(&mut table, "report_id", "report", true);
        reference(&mut table, "client_id", "client", true);
        reference(&mut table, "incident_id", "incident", true);
        text(&mut table, &["name"]);
        table.col(ColumnDef::new("sections").json_binary().not_null());
        key(&mut table, &["report_id", "client_id"]);
        manager.create_table(table).await?;
        let mut table = Table::create();
        table.table("former_name");
        reference(&mut table, "client_id", "client", true);
        text(&mut table, &["name"]);
        key(&mut table, &["client_id", "name"]);
        manager.create_table(table).await?;
        manager.get_connection().execute_unprepared("CREATE INDEX ix_report_part_incident_id ON report_part (incident_id)").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["former_name", "report_part"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
