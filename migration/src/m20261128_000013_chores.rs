//! When each chore is due. Until here chores and deliveries were jobs in tables of apalis, which held nothing that is not in Muster's rows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::columns::{optional_time, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000013_chores"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut chore = Table::create();
        chore.table("chore").col(ColumnDef::new("name").text().not_null().primary_key());
        time(&mut chore, &["due_at"]);
        optional_time(&mut chore, &["taken_at"]);
        manager.create_table(chore).await?;
        let of_apalis: &[&str] = match manager.get_database_backend() {
            DbBackend::Postgres => &["DROP SCHEMA IF EXISTS apalis CASCADE"],
            _ => &["DROP TABLE IF EXISTS Jobs", "DROP TABLE IF EXISTS Workers", "DROP TABLE IF EXISTS _sqlx_migrations"],
        };
        for statement in of_apalis {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("chore").to_owned()).await
    }
}
