//! Hash chains, which make tampering with a record visible: the one rule for timelines and the audit log.
//!
//! The hash of an entry is SHA-256 over the previous hash (32 zero bytes for the first) and the entry as a line of JSON. The newest hash
//! is also kept outside the chain, so that cutting off the end is detected too. docs/operations.md describes the format for independent
//! verifiers.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The hash before the first entry.
pub const START: [u8; 32] = [0; 32];

/// The hash of `entry`, which follows the entry whose hash is `previous`. Its fields are hashed in the order in which they serialise.
pub fn link(previous: &[u8], entry: &impl Serialize) -> Vec<u8> {
    let line = serde_json::to_vec(entry).expect("strings and numbers always serialise");
    Sha256::new().chain_update(previous).chain_update(line).finalize().to_vec()
}

/// A stored entry of a chain.
pub trait Link {
    /// 1, 2, 3 … within the chain.
    fn sequence(&self) -> i32;
    /// The hash it was stored with.
    fn hash(&self) -> &[u8];
    /// The hash it should have after the entry whose hash is `previous`.
    fn hash_after(&self, previous: &[u8]) -> Vec<u8>;
}

/// The result of verifying a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Intact, with this many entries.
    Whole(i32),
    /// The first sequence number that does not fit: an entry was altered, removed or inserted.
    Broken(i32),
}

/// A walk along a chain, from its first entry on.
pub struct Walk {
    reached: i32,
    previous: Vec<u8>,
}

impl Walk {
    /// A walk that has not reached anything yet.
    pub fn begin() -> Self {
        Self { reached: 0, previous: START.to_vec() }
    }

    /// The sequence number of the last entry that fits.
    pub fn reached(&self) -> i32 {
        self.reached
    }

    /// Follows the entries that come next, up to the first that does not fit. Returns whether they all do; none at all do not.
    pub fn follow(&mut self, entries: &[impl Link]) -> bool {
        for entry in entries {
            if entry.sequence() != self.reached + 1 || entry.hash() != entry.hash_after(&self.previous) {
                return false;
            }
            self.reached += 1;
            self.previous = entry.hash().to_vec();
        }
        !entries.is_empty()
    }

    /// The verdict on a chain whose newest hash, kept elsewhere, is `newest`, after a walk to its end.
    pub fn end(&self, newest: &[u8]) -> Verdict {
        if self.previous == newest { Verdict::Whole(self.reached) } else { Verdict::Broken(self.reached) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Entry(i32, Vec<u8>);

    impl Link for Entry {
        fn sequence(&self) -> i32 {
            self.0
        }

        fn hash(&self) -> &[u8] {
            &self.1
        }

        fn hash_after(&self, previous: &[u8]) -> Vec<u8> {
            link(previous, &self.0)
        }
    }

    #[test]
    fn a_walk_ends_before_the_first_entry_that_does_not_fit() {
        let first = Entry(1, link(&START, &1));
        let second = Entry(2, link(&first.1, &2));
        let newest = second.1.clone();
        let mut walk = Walk::begin();
        assert!(walk.follow(&[first]));
        assert_eq!(walk.end(&newest), Verdict::Broken(1));
        assert!(!walk.follow(&[Entry(2, START.to_vec())]) && !walk.follow(&[Entry(3, newest.clone())]) && !walk.follow(&[] as &[Entry]));
        assert_eq!(walk.reached(), 1);
        assert!(walk.follow(&[second]));
        assert_eq!(walk.end(&newest), Verdict::Whole(2));
    }
}
