//! Reports: what is learned from an incident.

mod mutation;
mod object;
mod publishing;
mod rendered;
mod row;
mod section;

pub use mutation::ReportMutation;
pub use object::IncidentReport;
pub use publishing::PublishingMutation;
pub use row::{Report, ReportComment};
