//! What other systems post: alerts in [`alerts`], that jobs live in [`heartbeat`], ticket events in [`zendesk`], changes of cards in
//! [`trello`], and what people do in [`slack`].
//!
//! Unknown fields are ignored: newer versions add some.

pub mod alerts;
pub mod heartbeat;
mod signed;
mod slack;
mod trello;
mod zendesk;

use axum::http::StatusCode;
use domain::Error;
use domain::error::code;
use domain::validate::{as_name as plain, as_text as cleaned};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problem;

pub use slack::slack;
pub use trello::{trello, trello_is_here};
pub use zendesk::zendesk;

/// Reads a body, without the character U+0000: PostgreSQL can't keep it, and what can't be kept would be sent again for ever.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let parsed = if body.windows(NUL.len()).any(|part| part == NUL) {
        serde_json::from_slice(body).and_then(|value| serde_json::from_value(without_nul(value)))
    } else {
        serde_json::from_slice(body)
    };
    parsed.map_err(|error| Problem(StatusCode::BAD_REQUEST, code::BAD_USER_INPUT, format!("The body is not as expected: {error}.")))
}

/// What is answered when something that may be taken could not be: that it should come again. What went wrong in Muster is logged; `what` came
/// is said there.
fn not_taken(error: Error, what: &str) -> Problem {
    match error {
        error @ Error::Unavailable(_) => error.into(),
        error => {
            tracing::error!(error = error.for_the_log(), "could not take {what}");
            Problem(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, "It could not be taken: send it again.".into())
        }
    }
}

/// How JSON writes U+0000; as it is, it would not be JSON.
const NUL: &[u8] = b"\\u0000";

fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(values) => values.into_iter().map(without_nul).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key.replace('\0', ""), without_nul(value))).collect(),
        other => other,
    }
}

/// Where vendors' samples are. They have no licence, so they are not part of the project.
#[cfg(test)]
fn samples() -> Option<std::path::PathBuf> {
    let contracts = std::env::var_os("MUSTER_CONTRACTS");
    if contracts.is_none() {
        eprintln!("MUSTER_CONTRACTS is not set: the samples of what others post were not read");
    }
    // Relative to the project's root; tests of this crate run elsewhere.
    let project = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    contracts.map(|contracts| project.join(contracts).join("samples"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_database_keeps_is_left_out() {
        let body = br#"{"a\u0000": ["x\u0000y", {"b": "\u0000"}], "c": 1, "d": "\u00e9"}"#;
        assert_eq!(read::<Value>(body).ok(), Some(json!({ "a": ["xy", { "b": "" }], "c": 1, "d": "\u{e9}" })));
        assert!(read::<Value>(b"{").is_err() && read::<Vec<String>>(br#"["\u0000", 1]"#).is_err());
    }
}
