//! Reviews: a meeting that learns from an incident.

mod attendee;
mod guide;
mod mutation;
mod object;
mod plan;
mod row;

pub use mutation::ReviewMutation;
pub use object::IncidentReview;
pub use plan::ReviewQuery;
pub use row::{ParkedTopic, Review, ReviewComment};
