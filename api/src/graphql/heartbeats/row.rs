//! A heartbeat, as others refer to it.

use std::sync::Arc;

use async_graphql::{Description, Enum};
use entity::heartbeat;

/// Something that tells again and again that it lives, such as a backup that runs at night. Its silence raises an alarm. For responders.
#[derive(Clone, Description)]
pub struct Heartbeat(pub Arc<heartbeat::Model>);

impl From<Arc<heartbeat::Model>> for Heartbeat {
    fn from(row: Arc<heartbeat::Model>) -> Self {
        Self(row)
    }
}

/// How a heartbeat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::heartbeats::due::HeartbeatState")]
pub enum HeartbeatState {
    /// It has never been heard from. Nobody waits for it until then.
    Waiting,
    /// It was heard from in time.
    Beating,
    /// It is late, and still has time.
    Late,
    /// It is silent, which raised an alarm.
    Silent,
    /// It said that it failed, which raised an alarm.
    Failed,
    /// Nobody waits for it until it is resumed.
    Paused,
}
