//! Tickets of clients that are about an incident, and the problem ticket they are linked to (R20).

mod mutation;
mod object;
mod query;
mod row;

pub use mutation::TicketMutation;
pub use object::IncidentTickets;
pub use query::TicketQuery;
pub use row::Ticket;
