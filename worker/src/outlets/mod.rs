//! The outside systems, one module each: they translate the orders of [`domain::ports`] into each system's API.
//!
//! An outlet keeps nothing between orders but connections. It limits each order's time, and distinguishes a permanent refusal, a
//! temporary one and an unknown outcome; when to try again is up to the domain.

pub mod client;
pub mod drive;
pub mod email;
pub mod endpoint;
pub mod ntfy;
mod paper;
pub mod slack;
mod standard;
pub mod trello;
pub mod webhook;
pub mod wordpress;
pub mod zendesk;

/// How many characters of a system's message are kept.
const WORDS: usize = 300;

/// Another system's message: one line, without control characters, shortened.
pub(crate) fn readable(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
}
