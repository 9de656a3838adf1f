//! Pictures drawn from facts, each with the words that say the same.
//!
//! They are SVG with real text in it, and no colour means anything on its own: what is marked has a number or a name. A page may give the
//! classes `ink`, `soft`, `rule` and `accent` other colours, for dark screens.

mod axis;
mod drawing;
mod severity;
mod strip;

pub use drawing::Picture;
pub use severity::{Level, severity};
pub use strip::{Moment, strip};

#[cfg(test)]
mod tests;
