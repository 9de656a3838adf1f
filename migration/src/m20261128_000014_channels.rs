//! Where people's phones listen for push messages.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000014_channels"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let topic = ColumnDef::new("ntfy_topic").text().to_owned();
        manager.alter_table(Table::alter().table("person").add_column(topic).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("person").drop_column("ntfy_topic").to_owned()).await
    }
}
