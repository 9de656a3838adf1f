//! Clients' tickets about an incident, and the problem ticket that they are linked to (R20).
//!
//! The problem ticket is derived from the incident, so nobody has to ask for it: the door calls [`follow`] after each decision. A client's
//! ticket is linked by a person ([`link`]), or links itself if it is an emergency ticket ([`news`]); the link is made at the ticket system
//! as soon as both ends exist.

pub(crate) mod links;
mod mention;
mod merged;
pub mod news;
mod number;
mod outgoing;
pub mod problem;
mod query;
pub mod rows;

pub use links::{Link, NewComment, comment, link, unlink};
pub use number::{number_in, plain_number};
pub use query::{Found, by_ids, find, search, suggestions};
pub use rows::is_over;
