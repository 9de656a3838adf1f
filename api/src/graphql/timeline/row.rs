//! An event of a timeline, as others refer to it.

use std::sync::Arc;

use async_graphql::Description;
use entity::timeline_event;

use crate::live::LiveEvent;

/// Something that happened, as it was recorded. It never changes, and corrections are added as events of their own; only an administrator can take
/// out what it said.
#[derive(Clone, Description)]
pub struct TimelineEvent {
    pub(super) row: Arc<timeline_event::Model>,
    /// What comes with a live event, so that it costs no look-up however many watch.
    pub(super) live: Option<Arc<LiveEvent>>,
}

impl From<Arc<timeline_event::Model>> for TimelineEvent {
    fn from(row: Arc<timeline_event::Model>) -> Self {
        Self { row, live: None }
    }
}

impl From<timeline_event::Model> for TimelineEvent {
    fn from(row: timeline_event::Model) -> Self {
        Self::from(Arc::new(row))
    }
}

impl From<Arc<LiveEvent>> for TimelineEvent {
    fn from(live: Arc<LiveEvent>) -> Self {
        Self { row: live.event.clone(), live: Some(live) }
    }
}
