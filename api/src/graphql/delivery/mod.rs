//! Effects on outside systems.

mod mutation;
mod object;
mod query;
mod row;

pub use mutation::DeliveryMutation;
pub use object::{DeliveryState, IncidentDeliveries};
pub use query::DeliveryQuery;
pub use row::Delivery;
