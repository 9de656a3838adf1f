//! What only a person can say about a text: is this a name, and whose? Asked once, remembered. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a decision is about: a spelling, and the two words on either side of it.
///
/// The same words elsewhere in the report, or in a later revision, are decided by it too; an edit next to it asks again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Folded: `mark`, `lee`.
    pub form: String,
    pub context: String,
}

/// What somebody decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "person")]
pub enum Decision {
    /// It names this person, by id.
    Person(String),
    /// It is a word, or somebody whom no report of ours has to hide, such as an author.
    NotAName,
}

/// All decisions about a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// By form, then by context.
    #[serde(default)]
    here: BTreeMap<String, BTreeMap<String, Decision>>,
    #[serde(default)]
    everywhere: BTreeMap<String, Decision>,
}

/// Somebody who may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub person: String,
    /// The name in the cast.
    pub name: String,
}

/// Something that only a person can decide, for the author: it has names in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub key: Key,
    /// From 1.
    pub line: usize,
    /// In the text that was given.
    pub range: Range<usize>,
    /// What is near it in its line.
    pub quote: String,
    pub candidates: Vec<Candidate>,
    /// Whether it may be no name at all.
    pub may_be_word: bool,
}

impl Decisions {
    /// Decides one doubt, and the same words elsewhere. A later decision replaces an earlier one.
    pub fn decide(&mut self, key: Key, decision: Decision) {
        self.here.entry(key.form).or_default().insert(key.context, decision);
    }

    /// Decides all doubts about `form` that have no decision of their own: "Lee is always Kim Lee here".
    pub fn decide_everywhere(&mut self, form: String, decision: Decision) {
        self.everywhere.insert(form, decision);
    }

    /// What was decided about `form` with the words around it that `context` gives.
    pub(super) fn about(&self, form: &str, context: impl FnOnce() -> String) -> Option<&Decision> {
        let here = self.here.get(form).and_then(|by_context| by_context.get(&context()));
        here.or_else(|| self.everywhere.get(form))
    }
}
