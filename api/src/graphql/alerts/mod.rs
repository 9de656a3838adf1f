//! What was posted to the hooks of alerts, and what rules would make of it.

mod foresight;
mod mutation;
mod object;
mod query;
mod row;
mod rules;

pub use mutation::AlertMutation;
pub use query::AlertQuery;
pub use row::AlertPost;
