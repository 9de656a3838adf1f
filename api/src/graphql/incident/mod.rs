//! Incidents.

mod inputs;
mod mutation;
mod query;
mod types;

pub use inputs::IncidentFilter;
pub use mutation::IncidentMutation;
pub use query::IncidentQuery;
pub use types::{Action, Alert, Incident, IncidentConnection, RoleAssignment};
