//! The schema, as numbered steps that run on SQLite and PostgreSQL alike.
//!
//! Run by `muster migrate`, by `muster serve` at start and by the tests. A step never imports entities: they describe
//! the newest schema, a step the schema of its day. Columns have no time or id defaults: both come from the
//! application's clock and id source. Constraints and indexes have explicit names.

mod columns;
mod m20261122_000001_incidents;
mod m20261122_000002_playbook;
mod m20261122_000003_on_call;
mod m20261122_000004_triage;
mod m20261122_000005_clients;
mod m20261128_000006_holds;
mod m20261128_000009_alert_episodes;
mod m20261128_000010_told_clients;
mod m20261128_000011_person_kind;
mod m20261128_000012_awaited;
mod m20261128_000013_chores;
mod m20261128_000014_channels;
mod m20261128_000015_audit;
mod m20261128_000016_identities;
mod m20261129_000017_passkey;
mod m20261129_000018_provisioned;
mod m20261129_000020_token_bounds;
mod m20261129_000024_alert_age;
mod m20261129_000025_traces;
mod m20261129_000026_last_changes;
mod m20261129_000028_reports;
mod m20261129_000029_publishing;
mod m20261129_000030_client_texts;
mod m20261129_000031_insights;
mod m20261129_000032_reviews;
mod m20261130_000033_calendar_feeds;
mod m20261130_000034_client_teams;
mod m20261130_000035_redaction;
mod m20261130_000036_archives;
mod m20261130_000037_snoozed_steps;
mod m20261130_000038_review_files;
mod m20261130_000039_chat;
mod m20261130_000041_catalogue;
mod m20261130_000043_known_events;
mod m20261130_000044_webhooks;
mod m20261130_000045_quiet_windows;
mod m20261130_000046_alert_posts;
mod m20261130_000047_flapping;
mod m20261130_000048_heartbeats;
mod m20261130_000049_site_readings;
mod m20261130_000050_alert_posts_why;
mod m20261130_000051_incident_words;
mod m20261130_000052_generation;
mod m20261130_000053_changed_hour;
mod state;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;
pub use state::{State, state};

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let steps: Vec<Box<dyn MigrationTrait>> = vec![
            Box::new(m20261122_000001_incidents::Migration),
            Box::new(m20261122_000002_playbook::Migration),
            Box::new(m20261122_000003_on_call::Migration),
            Box::new(m20261122_000004_triage::Migration),
            Box::new(m20261122_000005_clients::Migration),
            Box::new(m20261128_000006_holds::Migration),
            Box::new(m20261128_000013_chores::Migration),
            Box::new(m20261128_000010_told_clients::Migration),
            Box::new(m20261128_000012_awaited::Migration),
            Box::new(m20261128_000011_person_kind::Migration),
            Box::new(m20261128_000009_alert_episodes::Migration),
            Box::new(m20261128_000014_channels::Migration),
            Box::new(m20261128_000016_identities::Migration),
            Box::new(m20261128_000015_audit::Migration),
            Box::new(m20261129_000020_token_bounds::Migration),
            Box::new(m20261129_000017_passkey::Migration),
            Box::new(m20261129_000024_alert_age::Migration),
            Box::new(m20261129_000018_provisioned::Migration),
            Box::new(m20261129_000025_traces::Migration),
            Box::new(m20261129_000026_last_changes::Migration),
            Box::new(m20261129_000028_reports::Migration),
            Box::new(m20261129_000029_publishing::Migration),
            Box::new(m20261129_000030_client_texts::Migration),
            Box::new(m20261129_000031_insights::Migration),
            Box::new(m20261129_000032_reviews::Migration),
            Box::new(m20261130_000033_calendar_feeds::Migration),
            Box::new(m20261130_000034_client_teams::Migration),
            Box::new(m20261130_000035_redaction::Migration),
            Box::new(m20261130_000036_archives::Migration),
            Box::new(m20261130_000037_snoozed_steps::Migration),
            Box::new(m20261130_000038_review_files::Migration),
            Box::new(m20261130_000039_chat::Migration),
            Box::new(m20261130_000041_catalogue::Migration),
            Box::new(m20261130_000043_known_events::Migration),
            Box::new(m20261130_000044_webhooks::Migration),
            Box::new(m20261130_000045_quiet_windows::Migration),
            Box::new(m20261130_000046_alert_posts::Migration),
            Box::new(m20261130_000047_flapping::Migration),
            Box::new(m20261130_000048_heartbeats::Migration),
            Box::new(m20261130_000049_site_readings::Migration),
            Box::new(m20261130_000050_alert_posts_why::Migration),
            Box::new(m20261130_000051_incident_words::Migration),
            Box::new(m20261130_000052_generation::Migration),
            Box::new(m20261130_000053_changed_hour::Migration),
        ];
        steps.into_iter().map(|step| Box::new(InTransaction(step)) as Box<dyn MigrationTrait>).collect()
    }
}

/// A step that is applied together with the row that records it, or not at all. SeaORM does so by default on PostgreSQL only, and
/// SQLite would be left with half a step by a process that dies in it.
struct InTransaction(Box<dyn MigrationTrait>);

impl MigrationName for InTransaction {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for InTransaction {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
