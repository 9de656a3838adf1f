//! Sites, when they are quiet, clients and contacts.

mod import;
mod mutation;
mod object;
mod query;
mod quiet;
mod reading;
mod row;
mod words;

pub use mutation::CatalogueMutation;
pub use query::CatalogueQuery;
pub use quiet::{QuietWindow, QuietWindowMutation};
pub use row::{Client, Contact, Site, client, contacts_of};
