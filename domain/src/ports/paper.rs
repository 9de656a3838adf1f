//! Documents that go out with a message.

use document::{About, Document};
use entity::Timestamp;
use serde::{Deserialize, Serialize};

/// A document that goes out with a message: as the message's own text, and as a file. The same paper gives the same document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// What its file is called, without an ending.
    pub name: String,
    /// Where whoever sends it by hand finds the file.
    pub url: String,
    /// Canonical Markdown.
    pub markdown: String,
    /// As in [`About`].
    pub lang: String,
    /// As in [`About`].
    pub ident: String,
    /// As in [`About`].
    pub meta: Vec<String>,
    /// As in [`About`].
    pub at: Timestamp,
}

impl Paper {
    /// The document that `markdown` is, with what is known `about` it.
    pub fn new(name: String, url: String, markdown: &str, about: About) -> Self {
        let About { lang, ident, meta, at } = about;
        Self { name, url, markdown: markdown.to_owned(), lang, ident, meta, at }
    }

    /// The document. It has no pictures: what leaves is the text that was approved.
    pub fn document(&self) -> Document {
        let Self { lang, ident, meta, at, .. } = self.clone();
        Document::parse(&self.markdown, About { lang, ident, meta, at }, Vec::new())
    }

    /// What is added to the instruction for a person who sends `paper`, if there is one, by hand.
    pub(crate) fn attached(paper: Option<&Self>) -> String {
        paper.map(|paper| format!(", with the document from {} attached", paper.url)).unwrap_or_default()
    }
}
