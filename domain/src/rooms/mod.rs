//! An incident in the team's chat: its channel, what is shown there, and what people do there (S1).
//!
//! What must happen once is ordered: [`order`] asks for the channel in the seal of every decision, and a message to a person is one of the
//! ways of [`crate::telling`]. What shows how things stand is kept in step instead ([`keep`]): it follows the incident's version, so nobody
//! sees a button of what is done, many changes cost one look, and a worker that dies costs nothing.
//!
//! What arrives is stored before it is acknowledged ([`inbox`]) and done by [`hear`], with the rights of the person whose account it is
//! ([`accounts`]) and through the same use cases as everything else: nothing is decided here. [`capture`] takes messages onto the timeline.
//!
//! Nothing here knows a vendor.

pub mod accounts;
mod answers;
pub(crate) mod buttons;
pub mod capture;
mod desk;
mod dress;
mod files;
mod hear;
mod history;
pub mod import;
pub mod inbox;
pub mod keep;
mod name;
pub(crate) mod order;
mod outgoing;
mod press;
mod query;
mod shown;
mod stop;
mod strangers;

pub use query::{at, of_incidents};
