//! Who the affected clients are, and what they are told (R12, R21, R22).
//!
//! An [`update`] may be saved as a draft and reviewed by somebody else; it goes out only when a person sends it. The [`board`] shows who
//! was told what and when the next update is due, [`addresses`] exports the list of contacts.

pub mod addresses;
pub mod board;
pub mod directory;
pub(crate) mod letter;
mod lint;
pub(crate) use lint::machines_in;
pub mod progress;
pub mod proposal;
pub mod update;
