//! The audit log, which begins empty: what happened before is not known.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::columns::{id, integer, optional_text, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000015_audit"
    }
}

/// The hash before the first entry.
const START: [u8; 32] = [0; 32];

const INDEXES: &[&[&str]] = &[&["actor_id", "sequence"], &["action", "sequence"], &["subject", "sequence"], &["at"]];

/// Even a mistake in Muster itself can't change what is in the log.
const REFUSE_ON_SQLITE: &[&str] = &[
    "CREATE TRIGGER audit_entry_stays_as_it_is BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
];
const REFUSE_ON_POSTGRES: &[&str] = &[
    "CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry EXECUTE FUNCTION refuse_to_change_audit()",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut entry = Table::create();
        entry.table("audit_entry");
        id(&mut entry);
        integer(&mut entry, &["sequence"]);
        time(&mut entry, &["at"]);
        text(&mut entry, &["action", "source"]);
        reference(&mut entry, "actor_id", "person", false);
        entry.col(ColumnDef::new("token_id").uuid());
        optional_text(&mut entry, &["token_name", "address", "subject", "details"]);
        entry.col(ColumnDef::new("hash").blob().not_null());
        manager.create_table(entry).await?;
        let unique = Index::create().name("uq_audit_entry_sequence").table("audit_entry").col("sequence").unique().to_owned();
        manager.create_index(unique).await?;
        for columns in INDEXES {
            let mut index = Index::create();
            index.name(format!("ix_audit_entry_{}", columns.join("_"))).table("audit_entry");
            for column in *columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        let mut head = Table::create();
        head.table("audit_head").col(ColumnDef::new("id").integer().not_null().primary_key());
        integer(&mut head, &["last_sequence"]);
        head.col(ColumnDef::new("last_hash").blob().not_null());
        manager.create_table(head).await?;
        let columns = ["id", "last_sequence", "last_hash"];
        let first =
            Query::insert().into_table("audit_head").columns(columns).values_panic([1.into(), 0.into(), START.to_vec().into()]).to_owned();
        manager.execute(first).await?;
        let refuse = if manager.get_database_backend() == DbBackend::Postgres { REFUSE_ON_POSTGRES } else { REFUSE_ON_SQLITE };
        for statement in refuse {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_head").to_owned()).await?;
        manager.drop_table(Table::drop().table("audit_entry").to_owned()).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION refuse_to_change_audit").await?;
        }
        Ok(())
    }
}
