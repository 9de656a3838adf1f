//! What endpoints want, and how far a message to one has got.

use sea_orm::{DeriveActiveEnum, EnumIter, FromJsonQueryResult};
use serde::{Deserialize, Serialize};

text_enum! {
    /// The state of an event that is posted to an endpoint.
    WebhookMessageState {
        /// Waiting to be posted.
        Queued = "QUEUED",
        /// Being posted.
        Sending = "SENDING",
        /// The endpoint took it.
        Delivered = "DELIVERED",
        /// The endpoint did not take it; it is tried again.
        Retrying = "RETRYING",
        /// The endpoint did not take it, and it is not tried again by itself.
        Failed = "FAILED",
        /// It may not be posted any more.
        Cancelled = "CANCELLED",
    }
}

/// Types of events by name, or groups of them such as `incident.*`. Stored as JSON with the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct WebhookTypes(pub Vec<String>);
