//! A document as its readers get it: from canonical Markdown to one tree of blocks, and from that tree to HTML, DOCX and what `typeset`
//! makes a PDF of.
//!
//! Called by whoever hands out a report. It knows nothing of incidents, reads no clock and no file, and the same input gives the same
//! bytes. Safe by construction, so that nothing has to be sanitised later: HTML in the Markdown is text, a link leads to the web or to a
//! mailbox or is only its words, a picture is one that the caller made.
//!
//! The one impure place is [`typesetter`], which runs the program `typeset`: it is here because it knows nothing but this crate's
//! requests, and the server and its commands need it alike.

mod docx;
mod html;
pub mod picture;
mod request;
mod text;
mod tree;
pub mod typesetter;

use chrono::{DateTime, Utc};
pub use docx::docx;
pub use html::{html, html_fragment};
pub use picture::Picture;
pub use request::pdf_request;
pub use tree::{Align, Block, Inline};

/// What is known of a document besides its text.
#[derive(Clone, Debug)]
pub struct About {
    /// Of the text, as in HTML: `en`.
    pub lang: String,
    /// What identifies it, for people and for ever: it stands at the foot of each page.
    pub ident: String,
    /// Lines that stand below the title.
    pub meta: Vec<String>,
    /// When it was approved, or rendered: the only time that the files bear.
    pub at: DateTime<Utc>,
}

/// A document, read and ready to be written in any form.
#[derive(Clone, Debug)]
pub struct Document {
    pub title: String,
    pub about: About,
    /// What follows the title. Headings begin at level 2 and skip none.
    pub blocks: Vec<Block>,
}

impl Document {
    /// Reads canonical Markdown, whose first block is its title (else the document is named by its `ident`).
    ///
    /// A paragraph that is `![…](NAME)` becomes the picture of that name. Those that the text does not name stand at its beginning.
    pub fn parse(markdown: &str, about: About, pictures: Vec<Picture>) -> Self {
        let (title, blocks) = tree::parse(markdown, pictures);
        let about = About {
            lang: text::clean(&about.lang),
            ident: text::clean(&about.ident),
            meta: about.meta.into_iter().map(|line| text::clean(&line)).collect(),
            at: about.at,
        };
        let title = title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| about.ident.clone());
        Self { title, about, blocks }
    }

    /// The headings of the sections, if there are so many that a list of them helps.
    fn contents(&self) -> Vec<String> {
        let headings = self.blocks.iter().filter_map(|block| match block {
            Block::Heading { level: 2, text } => Some(tree::plain(text)),
            _ => None,
        });
        let headings: Vec<String> = headings.collect();
        if headings.len() > 3 { headings } else { Vec::new() }
    }
}
