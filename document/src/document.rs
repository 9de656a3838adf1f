//! A document that was read, and what is known of it besides its text.

use chrono::{DateTime, Utc};

use crate::picture::Picture;
use crate::text;
use crate::tree::{self, Block};

/// What is known of a document besides its text.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq)]
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

    /// Its pictures.
    pub fn pictures_mut(&mut self) -> impl Iterator<Item = &mut Picture> {
        self.blocks.iter_mut().filter_map(|block| match block {
            Block::Picture(picture) => Some(picture),
            _ => None,
        })
    }

    /// The headings of the sections, if there are so many that a list of them helps.
    pub(crate) fn contents(&self) -> Vec<String> {
        let headings = self.blocks.iter().filter_map(|block| match block {
            Block::Heading { level: 2, text } => Some(tree::plain(text)),
            _ => None,
        });
        let headings: Vec<String> = headings.collect();
        if headings.len() > 3 { headings } else { Vec::new() }
    }
}
