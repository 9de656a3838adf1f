//! What other systems post: alerts in [`alerts`], ticket events in [`zendesk`], and changes of cards in [`trello`].
//!
//! Unknown fields are ignored: newer versions add some.

pub mod alerts;
mod trello;
mod zendesk;

use axum::http::StatusCode;
use domain::error::code;
use domain::validate::{as_name as plain, as_text as cleaned};
use serde::de::DeserializeOwned;

use super::problem::Problem;

pub use trello::{trello, trello_is_here};
pub use zendesk::zendesk;

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, format!("The body is not as expected: {error}.")))
}
