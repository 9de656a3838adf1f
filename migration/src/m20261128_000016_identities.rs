//! Accounts at the company's identity provider, how each session began, and an index of mails that are about no incident.

use sea_orm_migration::prelude::*;

use crate::columns::{key, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000016_identities"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut identity = Table::create();
        identity.table("identity");
        text(&mut identity, &["issuer", "subject"]);
        reference(&mut identity, "person_id", "person", true);
        time(&mut identity, &["created_at", "used_at"]);
        key(&mut identity, &["issuer", "subject"]);
        manager.create_table(identity).await?;
        // A person has one account at a provider: an address that was given to somebody else opens nothing.
        let statements = [
            "CREATE UNIQUE INDEX uq_identity_person_id ON identity (person_id, issuer)",
            "CREATE INDEX ix_delivery_person_id ON delivery (person_id, created_at) WHERE incident_id IS NULL",
        ];
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        let way = ColumnDef::new("way").text().to_owned();
        manager.alter_table(Table::alter().table("session").add_column(way).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("session").drop_column("way").to_owned()).await?;
        manager.get_connection().execute_unprepared("DROP INDEX ix_delivery_person_id").await?;
        manager.drop_table(Table::drop().table("identity").to_owned()).await
    }
}
