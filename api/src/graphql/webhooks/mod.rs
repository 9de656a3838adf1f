//! Endpoints that events are posted to.

mod mutation;
mod object;
mod query;
mod row;

pub use mutation::WebhookMutation;
pub use query::WebhookQuery;
pub use row::{WebhookEndpoint, WebhookMessage};
