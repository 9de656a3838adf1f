//! Answers to the triage questions, and what is normal at a site.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000004_triage"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut answer = Table::create();
        answer
            .table("triage_answer")
            .col(ColumnDef::new("incident_id").uuid().not_null())
            .col(ColumnDef::new("criterion").text().not_null())
            .col(ColumnDef::new("answer").text().not_null())
            .col(ColumnDef::new("note").text())
            .col(ColumnDef::new("answered_by_id").uuid())
            .col(ColumnDef::new("answered_at").timestamp_with_time_zone().not_null())
            .primary_key(Index::create().col("incident_id").col("criterion"));
        for (column, to) in [("incident_id", "incident"), ("answered_by_id", "person")] {
            answer.foreign_key(
                ForeignKey::create()
                    .name(format!("fk_triage_answer_{column}"))
                    .from("triage_answer", column)
                    .to(to, "id")
                    .on_delete(ForeignKeyAction::Restrict),
            );
        }
        manager.create_table(answer).await?;
        // SQLite adds one column per statement.
        let attacked = ColumnDef::new("routinely_attacked").boolean().not_null().default(false).to_owned();
        let busy = ColumnDef::new("busy_hours").text().to_owned();
        for column in [attacked, busy] {
            manager.alter_table(Table::alter().table("site").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["busy_hours", "routinely_attacked"] {
            manager.alter_table(Table::alter().table("site").drop_column(column).to_owned()).await?;
        }
        manager.drop_table(Table::drop().table("triage_answer").to_owned()).await
    }
}
