//! Who of the team looks after which client.

use sea_orm_migration::prelude::*;

use crate::columns::{key, reference};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000034_client_teams"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table("client_team");
        reference(&mut table, "client_id", "client", true);
        reference(&mut table, "person_id", "person", true);
        key(&mut table, &["client_id", "person_id"]);
        manager.create_table(table).await?;
        manager.create_index(Index::create().name("ix_client_team_person_id").table("client_team").col("person_id").to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("client_team").to_owned()).await
    }
}
