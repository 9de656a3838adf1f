//! Where the cause of a delivery stands in its trace.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000025_traces"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let trace = ColumnDef::new("trace").text().to_owned();
        manager.alter_table(Table::alter().table("delivery").add_column(trace).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("delivery").drop_column("trace").to_owned()).await
    }
}
