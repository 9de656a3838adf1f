//! Effects on outside systems: each happens once, whatever crashes in between.
//!
//! A decision writes a delivery in its own transaction ([`crate::record::Draft::send`]). The worker claims what is due for a system
//! ([`claim_due`]), has the system's outlet carry it out, and records the outcome ([`record`]). The row is the queue: all state is in
//! it, so a crash costs nothing but time:
//!
//! - before the claim, nothing has happened;
//! - between claim and record, nobody knows whether it happened: after [`LEASE`] it is tried again, and the outlet must find out or
//!   make a repeat harmless (a search before creating, an idempotency key; for mail, the same `Message-ID`);
//! - a claim is a conditional update of the attempt's number, so two workers never carry out the same attempt.
//!
//! A system that rejects our credentials is on hold until they work again ([`hold`]); its deliveries wait.
//!
//! Anything meant for a system that is not connected waits as `BY_HAND` for a person. Anything that a step of the playbook asked for
//! is cancelled when the step is done.

mod attempt;
mod by_hand;
pub mod hold;
pub mod order;
pub(crate) mod outcome;
pub mod outgoing;
pub mod policy;
mod query;
mod release;
mod together;

pub use attempt::{ATTEMPT, Claim, claim, claim_due, record};
pub(crate) use by_hand::retry_update;
pub use by_hand::{Dismissed, Reached, dismiss, retry, settle_by_hand};
pub use order::{New, steps_of};
pub use outgoing::{Consequence, Outgoing, what};
pub(crate) use query::rows_of_incidents;
pub use query::{DeliveryFilter, by_ids, find, instructions, of_incidents, page};
pub use release::release;
