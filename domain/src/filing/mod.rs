//! An incident in the incidents' folder, where the team looks for documents (S6, R28).
//!
//! [`order`] asks for it whenever a text of it is final; [`file()`] does when a person wants it. What belongs into the folder is made when it is
//! about to be sent ([`parts`]), so an order that waited brings what is true by then.

mod file;
pub(crate) mod order;
mod outgoing;
mod parts;

pub use file::file;
