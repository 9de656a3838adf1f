//! The schema, as numbered steps that run on SQLite and PostgreSQL alike.
//!
//! Run by `muster migrate`, by `muster serve` on start, and by the tests. A step never imports entities:
//! those describe the newest schema, a step the schema of its day. Columns have no time or id defaults:
//! both come from the application's clock and id source. Constraints and indexes carry explicit names.

mod columns;
mod m20261122_000001_incidents;
mod m20261122_000002_playbook;
mod m20261122_000003_on_call;
mod m20261122_000004_triage;
mod m20261122_000005_clients;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_incidents::Migration),
            Box::new(m20261122_000002_playbook::Migration),
            Box::new(m20261122_000003_on_call::Migration),
            Box::new(m20261122_000004_triage::Migration),
            Box::new(m20261122_000005_clients::Migration),
        ]
    }
}
