//! A made-up incident of a made-up agency, played through the real use cases.

use domain::db::Db;

use crate::settings::Settings;

/// Plays the story into the database.
///
/// # Errors
/// When the database can't be reached.
pub async fn play(_: &Db, _: &Settings) -> anyhow::Result<()> {
    Ok(())
}
