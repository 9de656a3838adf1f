//! Follow-ups: what is to be done because of what an incident showed.

mod mutation;
mod object;
mod row;

pub use mutation::FollowUpMutation;
pub use object::IncidentFollowUps;
pub use row::FollowUp;
