//! The list of what an archive has.

use entity::IncidentId;
use serde::{Deserialize, Serialize};

/// Rises when an older Muster would misread an archive.
pub const FORMAT: u32 = 1;

/// What an archive is, and all of its files but this list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The [`FORMAT`] that it is written in.
    pub format: u32,
    /// The incident's id.
    pub incident: IncidentId,
    /// What it was called there, such as INC-42.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// The number of events on its timeline.
    pub events: i32,
    /// The hash of the newest, in hexadecimal: it covers all of them.
    pub chain: String,
    /// All other files, in the order in which they were written.
    pub files: Vec<Listed>,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Where it is in the archive, with `/` between folders.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Where it is in an archive.
    pub const PATH: &'static str = "MANIFEST.json";
}
