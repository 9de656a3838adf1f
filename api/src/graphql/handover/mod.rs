//! Passing a role on: who could take it, offers and their answers.

mod mutation;
mod object;
mod row;

pub use mutation::HandoverMutation;
pub use object::IncidentHandover;
pub use row::RoleOffer;
