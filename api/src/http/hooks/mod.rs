//! What other systems post: alerts in [`alerts`], ticket events in [`zendesk`], and changes of cards in [`trello`].
//!
//! Unknown fields are ignored: newer versions add some.

pub mod alerts;
mod trello;
mod zendesk;

use axum::http::StatusCode;
use domain::error::code;
use serde::de::DeserializeOwned;

use super::problem::Problem;

pub use trello::{trello, trello_is_here};
pub use zendesk::zendesk;

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, format!("The body is not as expected: {error}.")))
}

/// One line within the length limit of a name.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(domain::limits::NAME_CHARS).collect();
    let line = line.trim();
    if line.is_empty() { "-".into() } else { line.into() }
}

/// Text without control characters, within its length limit.
fn cleaned(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(domain::limits::TEXT_CHARS / 2).collect()
}
