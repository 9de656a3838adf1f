//! Blameless by construction (R27): texts with people's names become texts with roles.
//!
//! A [`Cast`] gives everybody one name for the life of a report; [`Cast::render`] puts these names in the place of the real ones, and asks
//! about what it cannot know ([`Doubt`]); [`Decisions`] remembers the answers. [`Linter`] marks words of blame and hindsight. The report calls
//! it for every text that leaves, or is shown to somebody without the right to see names.
//!
//! Everything here is pure: no database, no clock. It guarantees that no form of a name of the cast is left in a rendered text, except where
//! it reads as an ordinary word; `cargo run -p tests --release --bin blameless` measures how well that goes. It does not know people outside
//! the cast, and does not hide what gives somebody away without a name.

mod cast;
mod decisions;
mod fold;
mod forms;
mod index;
mod judge;
mod linter;
mod person;
mod phrase;
mod place;
mod render;
mod words;

pub use cast::{Alias, Cast};
pub use decisions::{Candidate, Decision, Decisions, Doubt, Key};
pub(crate) use fold::Folded;
pub use forms::sure as sure_forms;
pub use linter::{Linter, Remark};
pub use person::{Contact, Facts, Person, RoleTaken};
pub use render::{Rendered, Replaced};
pub(crate) use words::is_function_word;
