//! Affected clients: the board that shows when each was told, and the updates that they are sent.

mod board;
mod mutation;
mod object;
mod row;

pub use mutation::ClientMutation;
pub use object::IncidentClients;
pub use row::ClientUpdate;
