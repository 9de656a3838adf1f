//! Follow-ups: the few things that get done because of an incident, each with an owner and a due date (R33).
//!
//! People add and settle them ([`manage`]); each lives on as a card on one of the playbook's boards. Orders for the card are in [`card`],
//! changes made to it elsewhere come in through [`news`], and what happens when both sides changed is decided by [`sync`], which is pure.

pub(crate) mod arrived;
pub mod card;
mod manage;
mod news;
mod outgoing;
mod query;
mod settle;
mod sync;
mod team;

pub use card::board_title;
pub use manage::{AddFollowUp, UpdateFollowUp, add, settle, update};
pub use news::{CardChange, CardNews, card_seen, reconcile};
pub use query::{by_ids, find, of_incidents};
pub use team::Team;
