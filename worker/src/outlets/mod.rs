//! The outside systems, one module each: what [`domain::ports`] orders, in the words of the system.
//!
//! An outlet keeps nothing between orders but connections. It bounds each order in time, and tells a refusal for good from one for now
//! and from an end that is not known; when to try again is for the domain to say.

pub mod email;
pub mod http;
pub mod trello;
pub mod zendesk;

/// The most of a system's words that is kept.
const WORDS: usize = 300;

/// Another system's words: one line, without control characters, cut to what people read.
fn readable(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect()
}
