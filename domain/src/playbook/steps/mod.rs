//! What the playbook asks for, of whom and by when: one pure function of the facts, the playbook and the time.
//!
//! The console, the reminders and chat all show this list, so they can't disagree. [`crate::reminders`] turns it into prompts,
//! the one door keeps the time of the next look with each incident, and [`super::simulate`] walks it through an imagined one.
//!
//! A step's key names one obligation for ever: it never comes back with another meaning. Of a series (`summary:0.1`,
//! `summary:0.2` …) the newest number that is due stands in the list, and the next one as upcoming.

mod facts;
mod list;
mod series;
mod step;
#[cfg(test)]
mod tests;

pub use facts::{Case, FollowUp, Holder, Mark, Page, Posted, Report, Review, concerns_leadership, is_breach, is_major, owes_report};
pub(crate) use list::later;
pub use list::{next_look, steps};
pub use series::{same_series, stands};
pub use step::{Stage, Step};
