//! The playbook: what the team asks of itself during an incident, and when.
//!
//! Every value that another team might set differently comes from a file ([`file`]); the defaults are the built-in
//! `playbook.toml`. [`calendar`] knows working hours, [`alert_rules`] what becomes of alerts, [`steps`] derives what is asked for now from the facts of an incident, and
//! [`simulate`] walks through an imagined one.
//!
//! Everything here is pure: no database, no clock, no network.

pub mod alert_rules;
pub mod calendar;
mod contradictions;
pub mod file;
mod glob;
mod holidays;
pub mod rule;
mod rules_text;
pub mod simulate;
pub mod steps;
mod values;

pub use alert_rules::{AlertRule, AlertRules, Place, Sighting, SiteNamed, Then, Verdict};
pub use calendar::Calendar;
pub use glob::{Pattern, folded};
pub use rule::Rule;
pub use values::{Board, ChecklistItem, Goal, OutOfHours, Playbook, SectionDefinition, SeverityDefinition, StepText};
