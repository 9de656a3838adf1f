//! What incidents are found by: the words of their names, summaries and timelines, as rows (`incident_word`).
//!
//! Each incident has each word once, however often it is said. So an event costs only the words that are new in its incident, a word that is in
//! every incident has as many rows as there are incidents, and all words of a question are asked of an incident rather than of one event. Called by
//! [`crate::record`], which writes the words with what says them, and by lists of incidents, which ask for them.
//!
//! Guarantees: the rows are as current as the incident, because they are written in the transaction that changes it; what nobody may search
//! for ([`crate::timeline::others`]) has none, and what was taken out keeps none; both databases find the same. Who may see what is found is for
//! [`crate::authz::visible`]: the rows are never shown.
//!
//! Why rows of our own: a page of a list needs few of the many incidents that have a common word, in the list's order, which the full texts of the
//! databases do not know. They would collect all of them first, and differ in what a word is.

pub mod fill;
mod find;
pub mod rows;
pub mod words;

pub use find::Search;
