//! Pages to people, and the record of the duty to tell the leadership.

mod leadership;
mod mutation;
mod object;
mod row;

pub use mutation::PageMutation;
pub use object::{IncidentPages, PageReason};
pub use row::Page;
