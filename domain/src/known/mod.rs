//! Known events (R5): whether something like this has happened before, and what to do then.
//!
//! Two kinds of things are known: the pages of the team's ops docs (S9), which `worker` reads from a folder or a Git repository ([`ops`]), and past
//! incidents. [`suggestions`] are the few that may help with an incident, [`search`] finds what somebody types, [`rate`] keeps whether it
//! helped. Called by `api`; the chores keep past incidents findable ([`index::incidents`]).
//!
//! Guarantees: nothing is suggested rather than something that does not fit ([`rank`]); English words are found in all their forms and
//! misspelt ([`words`]); the same is found on both databases, in the same order. Of a restricted incident nothing is found by who may not see it,
//! and nothing that others find depends on it. Who came by the link of a page finds nothing.
//!
//! It does not learn from clicks, knows no synonyms, and translates nothing.

mod candidates;
mod excerpt;
mod find;
pub mod index;
pub mod ops;
pub mod page;
pub mod rank;
mod rate;
mod rights;
mod said;
pub mod words;

pub use find::{Found, Known, Reason, search, suggestions};
pub use rate::{Subject, rate};
pub use said::Said;
