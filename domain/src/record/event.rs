//! An event that a decision wants on the timeline.

use entity::{EventId, Source, TimelineKind, Timestamp};

use crate::webhooks::event_type::EventType;

/// An event to be recorded. Its sequence, hash and time of recording are given by the [`super::Draft`].
#[derive(Clone)]
pub struct NewEvent {
    /// What it tells.
    pub kind: TimelineKind,
    /// For people.
    pub text: String,
    /// When it happened; left out, now.
    pub occurred_at: Option<Timestamp>,
    /// For programs.
    pub details: Option<serde_json::Value>,
    /// The event it corrects.
    pub amends: Option<EventId>,
    /// A key moment.
    pub starred: bool,
    /// How Muster learned of it; left out, as the call came.
    pub source: Option<Source>,
    /// What it is for endpoints that are told of it; left out, what its kind says.
    pub posted_as: Option<EventType>,
}

impl NewEvent {
    /// An event that happens now.
    pub fn new(kind: TimelineKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), occurred_at: None, details: None, amends: None, starred: false, source: None, posted_as: None }
    }

    /// With something for programs.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Posted to endpoints as something more precise than its kind.
    #[must_use]
    pub fn posted_as(mut self, of: EventType) -> Self {
        self.posted_as = Some(of);
        self
    }

    /// Learned in another way than the call came.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }
}
