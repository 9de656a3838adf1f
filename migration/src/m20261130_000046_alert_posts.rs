//! What was posted to the hooks of alerts, kept for a while, and when each source was last heard of.

use sea_orm_migration::prelude::*;

use crate::columns::{id, integer, optional_text, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000046_alert_posts"
    }
}

/// Posts are listed newest first, all or by their hook, their source or by what came of them; what is old is found by its age.
const INDEXES: [&str; 4] = [
    "CREATE INDEX ix_alert_post_hook_id ON alert_post (hook, id)",
    "CREATE INDEX ix_alert_post_source_id ON alert_post (source, id)",
    "CREATE INDEX ix_alert_post_outcome_id ON alert_post (outcome, id)",
    "CREATE INDEX ix_alert_post_received_at ON alert_post (received_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [post(), body(), source()] {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["alert_source", "alert_post_body", "alert_post"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn post() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("alert_post");
    id(&mut table);
    text(&mut table, &["hook", "source", "kind", "digest", "outcome"]);
    time(&mut table, &["received_at"]);
    table.col(ColumnDef::new("headers").json_binary().not_null());
    integer(&mut table, &["bytes", "kept_bytes", "alarms", "began", "ended", "ignored", "dropped"]);
    table.col(ColumnDef::new("is_whole").boolean().not_null());
    reference(&mut table, "incident_id", "incident", false);
    optional_text(&mut table, &["problem"]);
    optional_time(&mut table, &["again_at"]);
    reference(&mut table, "again_by_id", "person", false);
    table
}

/// Apart from the post, so that lists and sums read none of it.
fn body() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("alert_post_body");
    id(&mut table);
    table.col(ColumnDef::new("body").blob().not_null());
    // It goes with its post.
    table.foreign_key(
        ForeignKey::create()
            .name("fk_alert_post_body_id")
            .from("alert_post_body", "id")
            .to("alert_post", "id")
            .on_delete(ForeignKeyAction::Cascade),
    );
    table
}

fn source() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("alert_source").col(ColumnDef::new("hook").text().not_null().primary_key());
    optional_time(&mut table, &["last_heard_at", "last_refused_at", "alarm_since"]);
    optional_text(&mut table, &["refusal"]);
    table.col(ColumnDef::new("pauses").json_binary().not_null());
    table.col(ColumnDef::new("is_raised").boolean().not_null());
    table
}
