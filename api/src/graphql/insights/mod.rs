//! What can be learnt from many incidents, and who was paged when.

mod figures;
mod ledger;
mod object;
mod query;

pub use query::InsightsQuery;
