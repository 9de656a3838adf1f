//! Which incidents were taken in from an archive, and what they were called before.

use sea_orm_migration::prelude::*;

use crate::columns::{key, optional_text, reference, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000036_archives"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("incident_import");
        reference(&mut table, "incident_id", "incident", true);
        optional_text(&mut table, &["formerly"]);
        time(&mut table, &["imported_at"]);
        key(&mut table, &["incident_id"]);
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("incident_import").to_owned()).await
    }
}
