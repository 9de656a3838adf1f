//! What the playbook asks for, from whom and by when: one pure function of the facts, the playbook and the time.
//!
//! The console, the reminders and chat all show this list, so they can't disagree. [`crate::reminders`] turns it into prompts,
//! [`crate::change`] stores with each incident when to look next, and [`super::simulate`] walks through an imagined one.
//!
//! A step's key names one obligation permanently and is never reused for another. Of a series (`summary:0.1`, `summary:0.2` …),
//! the list holds the newest number that is due, and the next one as upcoming.

mod facts;
mod list;
mod series;
mod step;
#[cfg(test)]
mod tests;

pub use facts::{
    Affected, Case, FollowUp, Holder, Mark, Page, Posted, Report, Review, concerns_leadership, is_breach, is_major, owes_report,
};
pub(crate) use list::{about, later};
pub use list::{next_look, steps};
pub use series::{same_series, stands};
pub use step::{Stage, Step};
