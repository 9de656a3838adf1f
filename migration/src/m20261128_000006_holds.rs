//! Outside systems that wait for a person, and not for their credentials.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000006_holds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_hand = ColumnDef::new("by_hand").boolean().not_null().default(false).to_owned();
        manager.alter_table(Table::alter().table("held_system").add_column(by_hand).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("held_system").drop_column("by_hand").to_owned()).await
    }
}
