//! What is known of people before a [`Cast`](super::Cast) gives them names of another kind. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A person, and everything they are called in texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Whatever names them for good, such as `per_…`: a rename changes everything else.
    pub id: String,
    /// As in the directory: first names, then the surname with its particles. Titles, nicknames in quotes and remarks in brackets may stand in it.
    pub name: String,
    /// What they were called before, or in an account that was merged into this one.
    #[serde(default)]
    pub former_names: Vec<String>,
    #[serde(default)]
    pub nicknames: Vec<String>,
    /// Names in chats and on machines, with or without their sign: `@kim`, `<@U0123>`, `klee`.
    #[serde(default)]
    pub handles: Vec<String>,
    #[serde(default)]
    pub emails: Vec<String>,
}

/// A role that somebody took, such as "incident lead".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTaken {
    pub person: String,
    pub role: String,
    pub at: DateTime<Utc>,
}

/// A client's person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub person: String,
    pub client: String,
    /// Whether the incident is theirs too; otherwise somebody only mentions them.
    pub takes_part: bool,
}

/// Who had which part in an incident. People are named by their id; one who is not among `people` is passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub people: Vec<Person>,
    /// In any order.
    pub roles: Vec<RoleTaken>,
    /// Who acted in the record, in the order of their first appearance.
    pub appeared: Vec<String>,
    pub reporters: Vec<String>,
    pub contacts: Vec<Contact>,
}
