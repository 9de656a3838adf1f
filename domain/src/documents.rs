//! GraphQL documents that are known beforehand, as texts: which of them there are is a matter of access, what is in them is not.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// What the id of a document begins with that is the hash of its text (GraphQL over HTTP, appendix on persisted documents).
const BY_HASH: &str = "sha256:";

/// Why a token that is good for some documents is refused for anything else.
pub const DOCUMENTS_ONLY: &str = "This token may run its GraphQL documents only: use another one for this.";

/// Documents by id: the SHA-256 of their text in hex, and whatever else they are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentSet {
    by_id: BTreeMap<String, Arc<str>>,
}

impl DocumentSet {
    /// Adds a document, without blanks around it, under the hash of its text.
    pub fn add(&mut self, text: &str) -> Arc<str> {
        let text: Arc<str> = text.trim().into();
        self.by_id.insert(hash(&text), Arc::clone(&text));
        text
    }

    /// Adds a document that its maker calls `id`.
    pub fn add_named(&mut self, id: &str, text: &str) {
        let text = self.add(text);
        self.by_id.insert(id.to_owned(), text);
    }

    /// The document with this id; `sha256:` before a hash is optional.
    pub fn find(&self, id: &str) -> Option<&Arc<str>> {
        self.by_id.get(id).or_else(|| self.by_id.get(id.strip_prefix(BY_HASH)?))
    }

    /// Whether `text` is one of them, apart from blanks around it.
    pub fn has(&self, text: &str) -> bool {
        self.by_id.contains_key(&hash(text.trim()))
    }
}

impl<T: AsRef<str>> FromIterator<T> for DocumentSet {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut set = Self::default();
        for text in texts {
            set.add(text.as_ref());
        }
        set
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn documents_are_found_by_hash_by_name_and_by_text() {
        let mut set: DocumentSet = ["{ a }\n"].into_iter().collect();
        let texts =
            |set: &DocumentSet| set.by_id.values().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
        assert_eq!(texts(&set), ["{ a }"]);
        set.add_named("Again", "{ a }");
        assert_eq!(texts(&set), ["{ a }"]);
        set.add_named("Other", "{ b }");
        assert_eq!(texts(&set), ["{ a }", "{ b }"]);
        let hash = hash("{ b }");
        for id in ["Other", &hash, &format!("sha256:{hash}")] {
            assert_eq!(set.find(id).map(AsRef::as_ref), Some("{ b }"), "{id}");
        }
        assert_eq!(set.find("{ b }"), None);
        assert!(set.has(" { a }") && !set.has("{a}"));
    }
}
