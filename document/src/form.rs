//! The forms in which a document is handed out.

use crate::typesetter::{Error, Typesetter};
use crate::{Document, docx, html};

/// A form in which a document is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is approved and compared: canonical Markdown.
    Markdown,
    /// One file, for a browser.
    Html,
    /// For Word and its like.
    Docx,
    /// For print, and for clients.
    Pdf,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Markdown, Self::Html, Self::Docx, Self::Pdf];

    /// What its files' names end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Docx => "docx",
            Self::Pdf => "pdf",
        }
    }

    /// What HTTP calls it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Pdf => "application/pdf",
        }
    }

    /// The file. `markdown` is what `document` was read from. The same input gives the same bytes, by the same typesetter.
    ///
    /// # Errors
    /// When a PDF can't be typeset. Word's file then has the words of pictures in their place.
    pub async fn write(self, markdown: &str, mut document: Document, typesetter: &Typesetter) -> Result<Vec<u8>, Error> {
        match self {
            Self::Markdown => Ok(markdown.as_bytes().to_vec()),
            Self::Html => Ok(html(&document).into_bytes()),
            Self::Docx => {
                for picture in document.pictures_mut() {
                    if let Ok(drawn) = typesetter.with_png(picture.clone()).await {
                        *picture = drawn;
                    }
                }
                Ok(docx(&document))
            }
            Self::Pdf => Ok(typesetter.pdf(&document).await?.bytes),
        }
    }
}
