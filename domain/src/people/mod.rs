//! The team: who is on it, and how they prove who they are.
//!
//! Called by `api` for administrators and, through [`access`], at every request, and by the command line.

pub mod access;
pub mod asked;
pub mod company;
pub mod feeds;
mod leaving;
mod manage;
pub mod passkeys;
pub mod provisioned;
mod query;
pub mod secrets;
pub mod sessions;
pub mod tokens;
mod webauthn;

pub(crate) use manage::is_themselves;
pub use manage::{
    Invite, UpdatePerson, bootstrap, find_or_add, find_or_add_service, invite, ntfy_topic, phone, quiet_channels, quiet_reminders,
    set_ntfy_topic, update,
};
pub(crate) use query::team;
pub use query::{able_to_read, able_to_respond, all, by_email, by_ids, find, first_administrator, page};
