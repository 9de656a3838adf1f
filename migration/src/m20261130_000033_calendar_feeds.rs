//! The secret links of people's private calendars.

use sea_orm_migration::prelude::*;

use crate::columns::{key, optional_time, reference, text, time};

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261130_000033_calendar_feeds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut feed = Table::create();
        feed.table("calendar_feed");
        reference(&mut feed, "person_id", "person", true);
        text(&mut feed, &["secret_hash"]);
        time(&mut feed, &["created_at"]);
        optional_time(&mut feed, &["last_read_at"]);
        key(&mut feed, &["person_id"]);
        manager.create_table(feed).await?;
        manager
            .create_index(
                Index::create().name("uq_calendar_feed_secret_hash").table("calendar_feed").col("secret_hash").unique().to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("calendar_feed").to_owned()).await
    }
}
