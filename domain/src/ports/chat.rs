//! The team's chat (S1).

use serde::{Deserialize, Serialize};

/// What is ordered of the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatOrder {
    /// A notice to everybody in the team's general channel (R7).
    Notice(Notice),
}

/// A notice to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Plain text.
    pub text: String,
}
