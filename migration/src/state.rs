//! How a database stands to the steps that this version knows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, EntityTrait, QueryOrder};
use sea_orm_migration::seaql_migrations::{Column, Entity as Applied};

use crate::Migrator;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing of Muster.
    Empty,
    /// Steps are missing that this version has.
    Behind,
    /// Exactly the steps of this version.
    Current,
    /// A newer version was here: the steps that this one does not know.
    Ahead(Vec<String>),
}

/// Looks, and changes nothing.
pub async fn state(db: &DatabaseConnection) -> Result<State, DbErr> {
    let table = Migrator::migration_table_name().to_string();
    if !SchemaManager::new(db).has_table(table).await? {
        return Ok(State::Empty);
    }
    let applied: Vec<String> = Applied::find().order_by_asc(Column::Version).all(db).await?.into_iter().map(|row| row.version).collect();
    let known = Migrator::migrations();
    let unknown: Vec<String> = applied.iter().filter(|name| !known.iter().any(|step| step.name() == *name)).cloned().collect();
    Ok(match applied.len() {
        0 => State::Empty,
        _ if !unknown.is_empty() => State::Ahead(unknown),
        applied if applied < known.len() => State::Behind,
        _ => State::Current,
    })
}
