//! What a decision sees of an incident, and what it wants to be written.
//!
//! [`Whole`] and [`Light`] are what a decision is made on; a [`Draft`] collects what it wants. Nothing here decides anything: the
//! nouns do, and the door ([`crate::change`]) loads, seals and commits.

pub(crate) mod awaited;
mod case;
mod draft;
mod event;
mod facts;
pub(crate) mod fields;
pub(crate) mod plain_draft;
mod portion;
mod put_right;
mod said;
mod whole;
mod write;

pub(crate) use case::leadership_cause_at;
pub use draft::Draft;
pub use event::NewEvent;
pub use facts::{Facts, Light, Scope};
pub(crate) use put_right::put_right;
pub use whole::{Child, Whole};
pub(crate) use write::{Written, plain, write_all, write_new, write_one, write_plain};
