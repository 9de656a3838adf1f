//! Who is told what, and how it reaches them.
//!
//! A [`message`] goes to one person by the channels that suit them. [`pages`] wake people, who get a [`briefing`], and [`answers`] take
//! their answers; [`reminders`] turn the playbook's steps into [`prompt`]s. The [`roster`] is read before either decides whom to turn to.
//! [`duty`] is the record of the duty to tell the leadership, and [`ways`] that of how pages went out. [`readiness`] says beforehand whether
//! pages would reach anybody.

pub mod answers;
pub mod briefing;
pub mod duty;
pub mod message;
pub(crate) mod outgoing;
pub mod pages;
mod prompt;
pub mod readiness;
pub mod reminders;
pub mod roster;
pub mod schedule;
pub mod ways;
