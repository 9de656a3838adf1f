//! Incidents.

mod action;
mod affected;
mod alert;
mod connection;
mod fragments;
mod goal;
mod inputs;
mod mutation;
mod object;
mod plain;
mod query;
mod role;
mod row;
mod selection;
mod shown;

pub use action::Action;
pub use alert::Alert;
pub use connection::IncidentConnection;
pub use fragments::{Fragments, depends_on_caller};
pub use inputs::IncidentFilter;
pub use mutation::IncidentMutation;
pub use query::IncidentQuery;
pub use role::RoleAssignment;
pub use row::{Incident, IncidentPayload, incident_if_visible, sites_of};
