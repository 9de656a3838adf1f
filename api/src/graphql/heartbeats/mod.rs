//! Heartbeats.

mod mutation;
mod object;
mod query;
mod row;

pub use mutation::HeartbeatMutation;
pub use query::HeartbeatQuery;
pub use row::Heartbeat;
