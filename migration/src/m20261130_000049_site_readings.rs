//! How the last reading of the sites elsewhere went, and what of it waits for a person.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, key, optional_text, optional_time, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000049_site_readings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut reading = Table::create();
        reading.table("site_reading");
        text(&mut reading, &["name"]);
        time(&mut reading, &["due_at", "tried_at"]);
        integer(&mut reading, &["failures", "listed", "note_count"]);
        optional_time(&mut reading, &["read_at"]);
        optional_text(&mut reading, &["problem"]);
        reading.col(ColumnDef::new("notes").json_binary().not_null());
        optional_text(&mut reading, &["waiting_plan"]);
        optional_time(&mut reading, &["waiting_since", "left_at"]);
        reading.col(ColumnDef::new("loss").json_binary());
        key(&mut reading, &["name"]);
        manager.create_table(reading).await?;
        let mut staged = Table::create();
        staged.table("site_staged");
        text(&mut staged, &["name"]);
        staged.col(ColumnDef::new("listed").json_binary().not_null());
        key(&mut staged, &["name"]);
        manager.create_table(staged).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["site_staged", "site_reading"] {
            manager.drop_table(Table::drop().table(name).to_owned()).await?;
        }
        Ok(())
    }
}
