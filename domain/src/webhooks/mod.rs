//! Webhooks: what happens in incidents is posted to endpoints of others, signed as the Standard Webhooks specification says.
//!
//! Administrators say where events go, and which ([`manage`]); `worker` posts them ([`claim_due`], [`record`]). How they look is
//! `docs/webhooks.md`, which people outside rely on.
//!
//! An event is written as a message for each endpoint that wants it, in the transaction of the change that recorded it ([`order`]). So
//! nothing is sent that was not committed, nothing is lost if a process dies, and a message says how things stood then. Two other ways
//! were considered and left:
//!
//! - a cursor of each endpoint through all timelines: events have no order among incidents that is safe to follow on PostgreSQL, where what
//!   has a lower number may be committed later. One must look back by a guess of how long a transaction can take, or count the events of
//!   each incident apart, which costs a second write to its row for each change;
//! - a delivery for each message: deliveries are part of an incident's record, wait for people where a system is not connected, and share
//!   eight slots, which an endpoint that hangs would fill.
//!
//! The price is a row for each endpoint and event, within the transaction, and only while an endpoint wants events of that type. A process
//! knows the endpoints from up to five seconds ago ([`known`]), so one that was just added may miss what happens in these.
//!
//! Messages arrive at least once and in no order. Each has an id that stays the same at each attempt.
//!
//! What is restricted leaves only for endpoints that an administrator allowed it for. That is asked when a message is written and again at
//! each attempt, since an incident may become restricted in between.

mod attempt;
mod disable;
pub mod event_type;
pub(crate) mod known;
mod manage;
mod message;
pub(crate) mod order;
mod query;
mod replay;
pub mod rules;
pub mod schedule;
pub mod secret;

pub use attempt::{Claim, Outcome, claim_due, record};
pub use manage::{AddEndpoint, UpdateEndpoint, add, enable, remove, rotate, switch_all_off, switch_off, update};
pub use query::{Counts, counts, endpoints, endpoints_by_ids, event_types, find, hosts, messages, messages_by_ids};
pub use replay::{Replay, replay, test};
