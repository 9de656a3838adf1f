//! What the company's directory says of people whom it manages.

use sea_orm_migration::prelude::*;

use crate::columns::{key, optional_text, optional_time, reference, text};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000018_provisioned"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("provisioned");
        reference(&mut table, "person_id", "person", true);
        text(&mut table, &["user_name", "user_name_key"]);
        optional_text(&mut table, &["external_id", "email_type"]);
        optional_time(&mut table, &["deleted_at"]);
        key(&mut table, &["person_id"]);
        manager.create_table(table).await?;
        let indexes = [
            Index::create().name("uq_provisioned_user_name_key").table("provisioned").col("user_name_key").unique().to_owned(),
            Index::create().name("ix_provisioned_external_id").table("provisioned").col("external_id").to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("provisioned").to_owned()).await
    }
}
