//! When what an event said was taken out, and the bytes that are to go with it.

use sea_orm_migration::prelude::*;

use crate::columns::{key, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000035_redaction"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new("redacted_at").timestamp_with_time_zone().to_owned();
        manager.alter_table(Table::alter().table("timeline_event").add_column(column).to_owned()).await?;
        let mut table = Table::create();
        table.table("forgotten_file");
        text(&mut table, &["sha256"]);
        time(&mut table, &["forgotten_at"]);
        key(&mut table, &["sha256"]);
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("forgotten_file").to_owned()).await?;
        manager.alter_table(Table::alter().table("timeline_event").drop_column("redacted_at").to_owned()).await
    }
}
