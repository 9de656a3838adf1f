//! People, tokens and the caller.

mod chat;
mod feed;
mod mutation;
mod object;
mod passkey;
mod query;
mod row;

pub use chat::ChatAccountMutation;
pub use feed::CalendarFeedMutation;
pub use mutation::PeopleMutation;
pub use passkey::{Passkey, PasskeyMutation};
pub use query::PeopleQuery;
pub use row::{ApiToken, Person, Session, person};
