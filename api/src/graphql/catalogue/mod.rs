//! Sites, clients and contacts.

mod mutation;
mod object;
mod query;
mod row;

pub use mutation::CatalogueMutation;
pub use query::CatalogueQuery;
pub use row::{Client, Contact, Site, client, contacts_of};
