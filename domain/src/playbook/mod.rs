//! The playbook: what the team asks of itself in an incident, and when.
//!
//! Every value that the guide fixes for one agency and another team would set differently is here and comes from a file
//! ([`file`]); the defaults are `playbook.toml`, which is built in. [`calendar`] knows working hours, [`steps`] derives
//! from the facts of an incident what is asked for now, and [`simulate`] prints that along an imagined incident.
//!
//! Everything here is pure: no database, no clock, no network.

pub mod calendar;
pub mod file;
mod holidays;
pub mod rule;
pub mod simulate;
pub mod steps;
mod values;

pub use calendar::Calendar;
pub use rule::Rule;
pub use values::{Board, ChecklistItem, Goal, Playbook, SeverityDefinition, StepText};
