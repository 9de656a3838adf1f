//! A body that was posted, as others refer to it.

use std::sync::Arc;

use async_graphql::{Description, Enum};
use entity::alert_post;

/// A body that a sender who proved who they are posted to a hook of alerts, or a mail from a mailbox, kept for 14 days. For administrators.
#[derive(Clone, Description)]
pub struct AlertPost(pub Arc<alert_post::Model>);

impl From<Arc<alert_post::Model>> for AlertPost {
    fn from(row: Arc<alert_post::Model>) -> Self {
        Self(row)
    }
}

impl From<alert_post::Model> for AlertPost {
    fn from(row: alert_post::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// What came of a body that was posted to a hook of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::AlertPostOutcome")]
pub enum AlertPostOutcome {
    /// Its alerts were heard.
    Taken,
    /// It is not as its kind of source writes it.
    Unreadable,
    /// Muster could not take it at that moment, and asked for it again.
    Failed,
}
