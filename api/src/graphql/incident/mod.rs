//! Incidents.

mod clients;
mod follow_up;
mod handover;
mod inputs;
mod mutation;
mod pager;
mod query;
mod steps;
mod tickets;
mod triage;
mod types;

pub use clients::{ClientMutation, ClientUpdate};
pub use follow_up::{FollowUp, FollowUpMutation};
pub use handover::{HandoverMutation, RoleOffer};
pub use inputs::IncidentFilter;
pub use mutation::IncidentMutation;
pub use pager::{Page, PagerMutation};
pub use query::IncidentQuery;
pub use steps::StepMutation;
pub use tickets::{Ticket, TicketMutation, TicketQuery};
pub use triage::TriageMutation;
pub use types::{Action, Alert, Incident, IncidentConnection, RoleAssignment, incident_if_visible, person};
