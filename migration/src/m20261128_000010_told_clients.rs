//! When each client was last told, what clients call a problem, and which orders must keep their order.

use sea_orm_migration::prelude::*;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000010_told_clients"
    }
}

/// What the deliveries say.
const TOLD_AT: &str = "UPDATE incident_client SET told_at = \
     (SELECT max(u.sent_at) FROM client_update u JOIN delivery d ON d.client_update_id = u.id \
      WHERE u.incident_id = incident_client.incident_id AND d.client_id = incident_client.client_id)";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("incident", ColumnDef::new("client_name").text().to_owned()),
            ("incident_client", ColumnDef::new("told_at").timestamp_with_time_zone().to_owned()),
            ("delivery", ColumnDef::new("target").text().to_owned()),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        let database = manager.get_connection();
        database.execute_unprepared(TOLD_AT).await?;
        database.execute_unprepared("CREATE INDEX ix_delivery_target ON delivery (target) WHERE target IS NOT NULL").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX ix_delivery_target").await?;
        for (table, column) in [("delivery", "target"), ("incident_client", "told_at"), ("incident", "client_name")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
