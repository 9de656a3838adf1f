//! Why nothing came of alerts that were posted. Of what was posted before, nobody knows: it counts none.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000050_alert_posts_why"
    }
}

const COLUMNS: [&str; 5] = ["recorded", "quiet", "too_low", "unjoined", "not_firing"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            let column = ColumnDef::new(column).integer().not_null().default(0).to_owned();
            manager.alter_table(Table::alter().table("alert_post").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            manager.alter_table(Table::alter().table("alert_post").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
