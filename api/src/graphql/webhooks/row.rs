//! An endpoint and a message to one, as others refer to them.

use std::sync::Arc;

use async_graphql::{Description, Enum};
use entity::{webhook_endpoint, webhook_message};

/// Where events are posted to, signed as Standard Webhooks says. For administrators.
#[derive(Clone, Description)]
pub struct WebhookEndpoint(pub Arc<webhook_endpoint::Model>);

/// An event that is posted to an endpoint. It arrives at least once, under one id, and in no order. For administrators.
#[derive(Clone, Description)]
pub struct WebhookMessage(pub Arc<webhook_message::Model>);

impl From<Arc<webhook_message::Model>> for WebhookMessage {
    fn from(row: Arc<webhook_message::Model>) -> Self {
        Self(row)
    }
}

/// The state of an event that is posted to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::WebhookMessageState")]
pub enum WebhookMessageState {
    /// Waiting to be posted.
    Queued,
    /// Being posted.
    Sending,
    /// The endpoint took it.
    Delivered,
    /// The endpoint did not take it; it is tried again.
    Retrying,
    /// The endpoint did not take it, and it is not tried again by itself.
    Failed,
    /// Its incident became restricted, so it stays here.
    Cancelled,
}
