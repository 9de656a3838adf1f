//! The rules of Muster, stated once for every entry point.
//!
//! `api` and `worker` translate between the outside world and the use cases here; they decide nothing. A use case
//! is a function on a noun module (`incident::declare`) that takes a [`Ctx`] first: the caller, the database
//! and the clock. Use cases that change an incident go through one door, [`change`].
//!
//! Any use case may fail because the database does. `# Errors` sections list only the codes that a caller can act on.
//!
//! Invariants: no HTTP, GraphQL, queue or outbound request in this crate; time comes only from [`clock`], ids only
//! from [`ids`], transactions only from [`db`].

pub mod agenda;
pub mod alerts;
pub mod archive;
pub mod audit;
pub mod authz;
pub mod backlog;
pub mod blameless;
pub mod calendar;
pub mod catalogue;
pub mod chain;
pub mod change;
pub mod chat;
pub mod chores;
pub mod clients;
pub mod clock;
pub mod config;
pub mod ctx;
pub mod cursor;
pub mod db;
pub mod delivery;
pub mod documents;
pub mod error;
pub mod files;
pub mod filing;
#[cfg(test)]
mod fixtures;
pub mod follow_up;
pub mod heartbeats;
pub mod idempotency;
pub mod ids;
pub mod incident;
pub mod insights;
pub mod known;
pub mod lanes;
pub mod limits;
pub mod networks;
pub mod on_call;
pub mod people;
pub mod playbook;
pub mod ports;
pub mod record;
pub mod report;
pub mod review;
pub mod rooms;
pub mod search;
pub mod severity;
pub mod sheet;
pub mod sql;
pub mod telling;
pub mod tickets;
pub mod timeline;
pub mod traces;
pub mod validate;
mod waiting;
pub mod wake;
pub mod web_address;
pub mod webhooks;
pub mod words;
pub mod zone;

pub use ctx::{Ctx, Domain};
pub use error::{Error, Result};
