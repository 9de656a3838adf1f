//! Known events (R5): pages of the ops docs and past incidents that may help.

mod mutation;
mod object;
mod ops;
mod query;

pub use mutation::KnownMutation;
pub use object::IncidentKnownEvents;
pub use ops::OpsPage;
pub use query::KnownQuery;
