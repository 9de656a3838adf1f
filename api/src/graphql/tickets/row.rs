//! A ticket, as others refer to it.

use async_graphql::Description;

/// A ticket related to an incident.
#[derive(Clone, Description)]
pub struct Ticket(pub entity::ticket::Model);
