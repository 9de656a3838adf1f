//! Passkeys, and those that are being added or used.

use sea_orm_migration::prelude::*;

use crate::columns::{id, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261129_000017_passkey"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut passkey = Table::create();
        passkey.table("passkey");
        id(&mut passkey);
        reference(&mut passkey, "person_id", "person", true);
        text(&mut passkey, &["name"]);
        for column in ["credential_id", "public_key", "state"] {
            passkey.col(ColumnDef::new(column).blob().not_null());
        }
        time(&mut passkey, &["created_at"]);
        optional_time(&mut passkey, &["used_at"]);
        manager.create_table(passkey).await?;
        let mut attempt = Table::create();
        attempt.table("passkey_attempt").col(ColumnDef::new("secret_hash").text().not_null().primary_key());
        reference(&mut attempt, "person_id", "person", false);
        attempt.col(ColumnDef::new("state").blob().not_null());
        time(&mut attempt, &["expires_at"]);
        manager.create_table(attempt).await?;
        let indexes = [
            Index::create().name("uq_passkey_credential_id").table("passkey").col("credential_id").unique().to_owned(),
            Index::create().name("ix_passkey_person_id").table("passkey").col("person_id").to_owned(),
            Index::create().name("ix_passkey_attempt_expires_at").table("passkey_attempt").col("expires_at").to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("passkey_attempt").to_owned()).await?;
        manager.drop_table(Table::drop().table("passkey").to_owned()).await
    }
}
