//! The playbook: what the team asks of itself during an incident, and when.
//!
//! Every value that another team might set differently comes from a file ([`file`]); the defaults are the built-in
//! `playbook.toml`. [`calendar`] knows working hours, [`steps`] derives what is asked for now from the facts of an incident, and
//! [`simulate`] walks through an imagined one.
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
pub use values::{Board, ChecklistItem, Goal, OutOfHours, Playbook, SectionDefinition, SeverityDefinition, StepText};
