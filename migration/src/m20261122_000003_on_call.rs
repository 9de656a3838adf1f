//! Who is on call.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000003_on_call"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut shift = Table::create();
        shift
            .table("shift")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("line").text().not_null())
            .col(ColumnDef::new("person_id").uuid().not_null())
            .col(ColumnDef::new("starts_at").timestamp_with_time_zone().not_null())
            .col(ColumnDef::new("ends_at").timestamp_with_time_zone())
            .col(ColumnDef::new("source").text())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("fk_shift_person_id")
                    .from("shift", "person_id")
                    .to("person", "id")
                    .on_delete(ForeignKeyAction::Restrict),
            );
        manager.create_table(shift).await?;
        // Only shifts that have not ended matter: the index skips years of history.
        for (name, column) in [("ix_shift_ends_at", "ends_at"), ("ix_shift_person_id", "person_id")] {
            manager.create_index(Index::create().name(name).table("shift").col(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("shift").to_owned()).await
    }
}
