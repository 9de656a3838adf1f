//! An update to affected clients, as others refer to it, and how far one can come.

use std::sync::Arc;

use async_graphql::{Description, Enum};
use domain::clients::progress;
use entity::client_update;

/// The state of an update to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "progress::UpdateState")]
pub enum ClientUpdateState {
    /// Not sent.
    Draft,
    /// On its way to someone, or waiting for a person to deliver it.
    Sending,
    /// Everyone received it.
    Sent,
    /// Someone did not receive it, and it will not be retried automatically: see `retryClientUpdate`.
    Failed,
}

/// How far an update has got with one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "progress::UpdateOutcome")]
pub enum ClientOutcomeState {
    /// Part of it did not arrive and will not be retried automatically.
    Failed,
    /// Part of it has to be delivered by a person.
    ByHand,
    /// On its way.
    Sending,
    /// All of it arrived.
    Sent,
}

/// What affected clients were told, or will be once a person sends it.
#[derive(Clone, Description)]
pub struct ClientUpdate(pub Arc<client_update::Model>);

impl From<client_update::Model> for ClientUpdate {
    fn from(row: client_update::Model) -> Self {
        Self(Arc::new(row))
    }
}
