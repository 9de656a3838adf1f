//! People who were reminded of an incident and have done nothing in it since; the evidence of a ticked item.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000012_awaited"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let awaited = ColumnDef::new("awaited").json_binary().to_owned();
        manager.alter_table(Table::alter().table("incident").add_column(awaited).to_owned()).await?;
        let evidence = ColumnDef::new("evidence").text().to_owned();
        manager.alter_table(Table::alter().table("checklist_item").add_column(evidence).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("checklist_item").drop_column("evidence").to_owned()).await?;
        manager.alter_table(Table::alter().table("incident").drop_column("awaited").to_owned()).await
    }
}
