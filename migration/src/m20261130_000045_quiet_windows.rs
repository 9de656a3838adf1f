//! Times in which alerts of a site, or of a source, are recorded and not reported.

use sea_orm_migration::prelude::*;

use crate::columns::{id, key, optional_text, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000045_quiet_windows"
    }
}

/// Windows are looked for by when they are over, and by their site; alerts that were kept quiet, by when to look at them.
const INDEXES: [&str; 4] = [
    "CREATE INDEX ix_quiet_window_ends_at ON quiet_window (ends_at)",
    "CREATE INDEX ix_quiet_window_site_site_id ON quiet_window_site (site_id)",
    "CREATE INDEX ix_quieted_alert_look_at ON quieted_alert (look_at)",
    "CREATE INDEX ix_quieted_alert_window_id ON quieted_alert (window_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [window(), window_site(), quieted_alert()] {
            manager.create_table(table).await?;
        }
        for statement in INDEXES {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["quieted_alert", "quiet_window_site", "quiet_window"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn window() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("quiet_window");
    id(&mut table);
    optional_text(&mut table, &["source"]);
    text(&mut table, &["why"]);
    time(&mut table, &["starts_at", "ends_at", "created_at"]);
    reference(&mut table, "added_by_id", "person", false);
    reference(&mut table, "ended_by_id", "person", false);
    table
}

fn window_site() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("quiet_window_site");
    reference(&mut table, "window_id", "quiet_window", true);
    reference(&mut table, "site_id", "site", true);
    key(&mut table, &["window_id", "site_id"]);
    table
}

fn quieted_alert() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("quieted_alert");
    // No foreign key: alerts expire by themselves.
    table.col(ColumnDef::new("alert_id").uuid().not_null().primary_key());
    reference(&mut table, "window_id", "quiet_window", true);
    time(&mut table, &["look_at"]);
    table.col(ColumnDef::new("severity").small_integer());
    optional_text(&mut table, &["description"]);
    table.col(ColumnDef::new("links").json_binary().not_null());
    table
}
