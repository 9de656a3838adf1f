//! The schema, as numbered steps that run on SQLite and PostgreSQL alike.
//!
//! Run by `muster migrate`, by `muster serve` on start, and by the tests. A step never imports entities:
//! those describe the newest schema, a step the schema of its day. Columns have no time or id defaults:
//! both come from the application's clock and id source. Constraints and indexes carry explicit names.

mod m20261122_000001_incidents;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

/// All steps, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261122_000001_incidents::Migration)]
    }
}
