//! An incident as one file that outlives the server (R28): a ZIP with all that is kept of it, which anybody can check without Muster and
//! another server can take in.
//!
//! [`export()`] writes one, [`Archive`] reads and checks one, [`import()`] takes one in. Both ways go by one list of tables ([`tables`]), whose
//! rows are lines of JSON, so a column that is added later is in the archive without further ado. Apart from the rows there are the files by
//! the hash of their content, the report in every form, and for people a list for spreadsheets and a text that says what is what.
//!
//! The same rows make the same archive, byte for byte: it says nothing of when or by whom it was made.

mod around;
mod export;
mod import;
mod manifest;
mod open;
mod pack;
mod row;
mod tables;

pub use export::{Exported, export};
pub use import::{Imported, import};
pub use manifest::{FORMAT, Manifest};
pub use open::Archive;

use crate::error::{Error, Result};

/// What it is, and how to check it.
const README: &str = include_str!("README.txt");
/// Checks an unpacked archive.
const VERIFIER: &str = include_str!("verify.py");

/// The tables whose rows an archive has, in the order in which they are written.
pub fn tables() -> impl Iterator<Item = &'static str> {
    tables::TABLES.iter().map(|table| table.name())
}

/// Does what blocks where that holds up nobody.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// Where the rows of `table` are.
fn rows_of(table: &str) -> String {
    format!("rows/{table}.jsonl")
}

/// Where the bytes with this hash are.
fn bytes_of(sha256: &str) -> String {
    format!("files/{sha256}")
}
