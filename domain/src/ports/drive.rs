//! The incidents' folder, where the team looks for documents (S6).

use std::path::PathBuf;

use document::Document;
use serde::{Deserialize, Serialize};

/// What is ordered of the incidents' folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DriveOrder {
    /// What the folder of an incident should hold (R28).
    Folder(Folder),
}

/// The folder of an incident. Carrying out the same order again does no harm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Folder {
    /// Identifies the folder, and what Muster put into it, permanently. ASCII, without quotes.
    pub marker: String,
    /// Its id there, once it is known.
    #[serde(default)]
    pub folder: Option<String>,
    /// What it is called when it is made.
    pub name: String,
    /// Where whoever does it by hand finds what belongs into it.
    pub url: String,
    /// Whether a person wants a restricted incident there all the same.
    #[serde(default)]
    pub though_restricted: bool,
    /// What belongs into it: made anew before each attempt.
    #[serde(skip)]
    pub parts: Vec<Part>,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Identifies it among the others permanently. ASCII, without quotes, at most 60 characters.
    pub key: String,
    /// What it is called; a document without the ending of its form.
    pub name: String,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A document, to be written in a form for people.
    Document {
        /// Canonical Markdown.
        markdown: String,
        /// The same, read, with its pictures.
        document: Document,
    },
    /// These bytes.
    Bytes {
        /// What HTTP calls them.
        media_type: &'static str,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Those of a file on this machine.
    Stored {
        /// Where it is.
        path: PathBuf,
        /// What HTTP calls it.
        media_type: String,
        /// How many bytes it has.
        length: u64,
        /// SHA-256 of them, in hexadecimal.
        sha256: String,
    },
}
