//! A document as its readers get it: from canonical Markdown to one tree of blocks, and from that tree to HTML, plain text, DOCX and what
//! `typeset` makes a PDF of.
//!
//! Called by whoever hands out a report. It knows nothing of incidents, reads no clock and no file, and the same input gives the same
//! bytes. Safe by construction, so that nothing has to be sanitised later: HTML in the Markdown is text, a link leads to the web or to a
//! mailbox or is only its words, a picture is one that the caller made.
//!
//! The impure places are [`typesetter`], which runs the program `typeset`, and [`Press`], which keeps what was made: they are here because
//! they know nothing but this crate's requests, and downloads, messages and commands need them alike.

mod document;
mod docx;
mod form;
mod html;
pub mod picture;
mod plain;
mod press;
mod request;
mod text;
mod tree;
pub mod typesetter;

pub use document::{About, Document};
pub use docx::docx;
pub use form::Form;
pub use html::{html, html_fragment, html_letter};
pub use picture::Picture;
pub use plain::plain_text;
pub use press::Press;
pub use request::pdf_request;
pub use tree::{Align, Block, Inline};
