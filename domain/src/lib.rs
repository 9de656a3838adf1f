//! The rules of Muster, once, for every way in.
//!
//! `api` and `worker` translate between the outside and the use cases here; they decide nothing. A use case
//! is a function on a noun module (`incident::declare`) that takes a [`Ctx`] first: who calls, on which
//! database, by which clock. Those that change an incident go through the one door, [`change`].
//!
//! Invariants: no HTTP, GraphQL, queue or outbound request in this crate; time only from [`clock`], ids only
//! from [`ids`], transactions only from [`db`].

pub mod alerts;
pub mod authz;
pub mod catalogue;
pub mod change;
pub mod chores;
pub mod clients;
pub mod clock;
pub mod ctx;
pub mod db;
pub mod delivery;
pub mod desk;
pub mod error;
pub mod files;
pub mod follow_up;
pub mod idempotency;
pub mod ids;
pub mod incident;
pub mod limits;
pub mod on_call;
pub mod pager;
pub mod paging;
pub mod people;
pub mod playbook;
pub mod ports;
pub mod reminders;
pub mod severity;
pub mod tickets;
pub mod timeline;
pub mod validate;
pub mod wake;

pub use ctx::{Ctx, Domain};
pub use error::{Error, Result};
