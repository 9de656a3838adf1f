//! Adding to timelines.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::timeline::rollout::Rollout;
use domain::timeline::{self, redact};

use super::row::TimelineEvent;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::Incident;
use crate::graphql::scalars::{Deployment, IncidentStatus, TimelineKind, id, ids};

/// An event to add.
#[derive(InputObject)]
pub struct AddTimelineEventInput {
    /// The incident.
    incident_id: ID,
    /// NOTE, COMMAND, CHANGE, FINDING, DECISION, MESSAGE or FILE.
    kind: TimelineKind,
    /// Markdown.
    text: String,
    /// When it happened; now by default.
    occurred_at: Option<DateTime<Utc>>,
    /// A JSON object for programs.
    details: Option<serde_json::Value>,
    /// For a CHANGE: how it was tried and put live.
    change: Option<ChangeInput>,
    /// Files that were uploaded for it.
    attachment_ids: Option<Vec<ID>>,
    /// Whether it is a key moment.
    #[graphql(default_with = "Some(false)")]
    starred: Option<bool>,
    /// Repeating a key returns the same event instead of adding a second one.
    idempotency_key: Option<String>,
}

/// How a change was tried and put live.
#[derive(InputObject)]
pub struct ChangeInput {
    /// How it was tried before; left out if it was not.
    tried: Option<String>,
    /// Which way it went live.
    deployed: Deployment,
    /// Why the usual way was bypassed; needed if it was.
    reason: Option<String>,
}

/// A correction of the text, the time, or both.
#[derive(InputObject)]
pub struct AmendTimelineEventInput {
    /// The event to correct.
    event_id: ID,
    /// What it should have said.
    text: Option<String>,
    /// When it really happened.
    occurred_at: Option<DateTime<Utc>>,
    /// Why.
    reason: Option<String>,
}

/// A mark to set or remove.
#[derive(InputObject)]
pub struct StarTimelineEventInput {
    /// The event.
    event_id: ID,
    /// Whether it is a key moment.
    starred: bool,
}

/// An event that should not say what it says.
#[derive(InputObject)]
pub struct RedactEventInput {
    /// The event.
    event_id: ID,
    /// Why, without what is taken out: the reason stays on the timeline.
    reason: String,
}

/// An event without what it said.
#[derive(SimpleObject)]
pub struct RedactEventPayload {
    /// The event, as it is now.
    event: TimelineEvent,
    /// The incident, at its new version.
    incident: Incident,
}

/// A summary for people who do not follow the timeline.
#[derive(InputObject)]
pub struct PostUpdateInput {
    /// The incident.
    incident_id: ID,
    /// Markdown.
    text: String,
    /// A new status to set with it.
    status: Option<IncidentStatus>,
    /// When it was said; now by default. The half-hour begins again then, unless a later update is already there.
    occurred_at: Option<DateTime<Utc>>,
    /// Files that were uploaded for it.
    attachment_ids: Option<Vec<ID>>,
    /// Repeating a key returns the same event instead of adding a second one.
    idempotency_key: Option<String>,
}

/// An event and its incident.
#[derive(SimpleObject)]
pub struct TimelineEventPayload {
    /// The event.
    event: TimelineEvent,
    /// The incident, at its new version.
    incident: Incident,
}

impl From<timeline::Recorded> for TimelineEventPayload {
    fn from((event, incident): timeline::Recorded) -> Self {
        Self { event: event.into(), incident: Incident(Arc::new(incident)) }
    }
}

/// Mutations of timelines.
#[derive(Default, Description)]
pub struct TimelineMutation;

#[Object(use_type_description)]
impl TimelineMutation {
    /// Writes down what was done, seen, found or decided.
    async fn add_timeline_event(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The event.")] input: AddTimelineEventInput,
    ) -> ApiResult<TimelineEventPayload> {
        let add = timeline::AddEvent {
            incident_id: id("incidentId", &input.incident_id)?,
            kind: input.kind.into(),
            text: input.text,
            occurred_at: input.occurred_at,
            details: input.details,
            change: input.change.map(|change| Rollout { tried: change.tried, deployed: change.deployed.into(), reason: change.reason }),
            attachment_ids: ids("attachmentIds", &input.attachment_ids.unwrap_or_default())?,
            starred: input.starred.unwrap_or(false),
        };
        Ok(timeline::add(ctx(gql), add, input.idempotency_key.as_deref()).await?.into())
    }

    /// Corrects an event; the original stays.
    async fn amend_timeline_event(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The correction.")] input: AmendTimelineEventInput,
    ) -> ApiResult<TimelineEventPayload> {
        let amend = timeline::Amend {
            event_id: id("eventId", &input.event_id)?,
            text: input.text,
            occurred_at: input.occurred_at,
            reason: input.reason,
        };
        Ok(timeline::amend(ctx(gql), amend).await?.into())
    }

    /// Marks an event as a key moment, or removes the mark.
    async fn star_timeline_event(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The event.")] input: StarTimelineEventInput,
    ) -> ApiResult<TimelineEventPayload> {
        Ok(timeline::star(ctx(gql), id("eventId", &input.event_id)?, input.starred).await?.into())
    }

    /// Takes out what an event says, for administrators: its text, details and files, and those of its corrections. That it was there stays, with
    /// its hash, and a REDACTION on the timeline says why. What people wrote elsewhere is not changed, and what was sent was sent. Doing it
    /// again changes nothing.
    async fn redact_event(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The event, and why.")] input: RedactEventInput,
    ) -> ApiResult<RedactEventPayload> {
        let (event, incident) = redact::redact(ctx(gql), id("eventId", &input.event_id)?, &input.reason).await?;
        Ok(RedactEventPayload { event: event.into(), incident: Incident(Arc::new(incident)) })
    }

    /// Posts a summary for people who do not follow the timeline. Restarts the half-hour.
    async fn post_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The summary.")] input: PostUpdateInput,
    ) -> ApiResult<TimelineEventPayload> {
        let post = timeline::PostUpdate {
            incident_id: id("incidentId", &input.incident_id)?,
            text: input.text,
            status: input.status.map(Into::into),
            occurred_at: input.occurred_at,
            attachment_ids: ids("attachmentIds", &input.attachment_ids.unwrap_or_default())?,
        };
        Ok(timeline::post_update(ctx(gql), post, input.idempotency_key.as_deref()).await?.into())
    }
}
