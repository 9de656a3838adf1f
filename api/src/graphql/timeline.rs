//! Timeline events and files.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::cursor::{PageArgs, Slice, Window};
use domain::timeline;
use entity::{attachment, incident, timeline_event};

use super::connection::{PageInfo, cursor};
use super::context::{ctx, loaders, public_url};
use super::error::ApiResult;
use super::incident::Incident;
use super::people::Person;
use super::scalars::{Source, TimelineKind, Url, id, ids, optional_id};
use crate::live::LiveEvent;

/// Something that happened, as it was recorded. It never changes; corrections are added as events of their own.
#[derive(Clone, Description)]
pub struct TimelineEvent {
    row: Arc<timeline_event::Model>,
    /// What comes with a live event, so that it costs no look-up however many watch.
    live: Option<Arc<LiveEvent>>,
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

#[Object(use_type_description)]
impl TimelineEvent {
    /// Begins with `evt_`.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// The incident it belongs to.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        if let Some(live) = &self.live {
            return Ok(Incident(live.incident.clone()));
        }
        let row = loaders(gql).incident.get(self.row.incident_id).await?.ok_or(domain::Error::NotFound("incident"))?;
        Ok(Incident(row))
    }
    /// 1, 2, 3 … within the incident: no gaps, never reused.
    async fn sequence(&self) -> i32 {
        self.row.sequence
    }
    /// What it is about.
    async fn kind(&self) -> TimelineKind {
        self.row.kind.into()
    }
    /// When it happened.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.row.occurred_at
    }
    /// When Muster recorded it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.row.recorded_at
    }
    /// Who did or wrote it; null for programs without a person.
    async fn actor(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        let Some(actor) = self.row.actor_id else { return Ok(None) };
        if let Some(live) = &self.live {
            return Ok(live.actor.clone().map(Person));
        }
        Ok(loaders(gql).person.get(actor).await?.map(Person))
    }
    /// The way it reached Muster.
    async fn source(&self) -> Source {
        self.row.source.into()
    }
    /// Markdown, as written.
    async fn text(&self) -> &str {
        &self.row.text
    }
    /// Data for programs: old and new value of a change, the exit code of a command …
    async fn details(&self) -> Option<serde_json::Value> {
        self.row.details.as_deref().and_then(|details| serde_json::from_str(details).ok())
    }
    /// Its files.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn attachments(&self, gql: &Context<'_>) -> ApiResult<Vec<Attachment>> {
        if let Some(live) = &self.live {
            return Ok(live.attachments.iter().cloned().map(Attachment).collect());
        }
        let rows = loaders(gql).event_files.get(self.row.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Attachment).collect())
    }
    /// Whether it is a key moment, to be discussed in the review.
    async fn starred(&self) -> bool {
        self.row.starred
    }
    /// Later corrections, oldest first; the original stays.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn amendments(&self, gql: &Context<'_>) -> ApiResult<Vec<TimelineEvent>> {
        let rows = loaders(gql).amendments.get(self.row.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(TimelineEvent::from).collect())
    }
    /// The id of the event it corrects.
    async fn amends(&self) -> Option<ID> {
        self.row.amends_id.map(|id| ID(id.to_string()))
    }
    /// SHA-256 of the previous event's hash and this event, in hex. `muster verify` checks the chain.
    async fn hash(&self) -> String {
        hex::encode(&self.row.hash)
    }
}

/// A page of a timeline, in order of sequence.
#[derive(Description)]
pub struct TimelineConnection {
    incident: Arc<incident::Model>,
    filter: timeline::TimelineFilter,
    slice: Slice<TimelineEvent>,
}

#[Object(use_type_description)]
impl TimelineConnection {
    /// The events, each with its cursor.
    async fn edges(&self) -> Vec<TimelineEdge> {
        self.slice.items.iter().cloned().map(TimelineEdge::from).collect()
    }
    /// The events alone.
    async fn nodes(&self) -> &[TimelineEvent] {
        &self.slice.items
    }
    /// Where the page is in the timeline.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(&self.slice, |event| cursor(&event.row.sequence))
    }
    /// How many events pass the filter, on all pages.
    async fn total_count(&self, gql: &Context<'_>) -> ApiResult<u64> {
        Ok(timeline::count(ctx(gql), &self.incident, &self.filter).await?)
    }
}

impl TimelineConnection {
    /// The page of `incident` that `args` asks for. Without a filter it comes from the loader that serves all incidents of
    /// the request at once: since sequence numbers have no gaps, a page is a range of them.
    pub async fn load(
        gql: &Context<'_>,
        incident: &Arc<incident::Model>,
        filter: timeline::TimelineFilter,
        args: &PageArgs,
    ) -> ApiResult<Self> {
        let window = Window::<i32>::from_args(args)?;
        let slice = if filter.is_empty() {
            let (low, high) = stretch(&window, incident.last_sequence);
            let rows =
                if low < high { loaders(gql).stretch.get((incident.id, low, high)).await?.unwrap_or_default() } else { Arc::default() };
            let items = rows.iter().cloned().map(TimelineEvent::from).collect();
            Slice { items, has_previous: low > 0, has_next: high < incident.last_sequence }
        } else {
            let slice = timeline::page(ctx(gql), incident, &filter, &window).await?;
            Slice {
                items: slice.items.into_iter().map(TimelineEvent::from).collect(),
                has_previous: slice.has_previous,
                has_next: slice.has_next,
            }
        };
        Ok(Self { incident: incident.clone(), filter, slice })
    }
}

/// The sequence numbers after `.0` up to `.1` that a window covers on a timeline that ends at `last`.
fn stretch(window: &Window<i32>, last: i32) -> (i32, i32) {
    let limit = i32::try_from(window.limit).unwrap_or(i32::MAX);
    let low = window.after.unwrap_or(0).min(last);
    let high = window.before.map_or(last, |before| (before - 1).min(last)).max(low);
    if window.backwards { (low.max(high.saturating_sub(limit)), high) } else { (low, high.min(low.saturating_add(limit))) }
}

/// An event of a timeline with its cursor.
#[derive(SimpleObject)]
pub struct TimelineEdge {
    /// The event's place; pass it as `after` to read on from here.
    cursor: String,
    /// The event.
    node: TimelineEvent,
}

impl From<TimelineEvent> for TimelineEdge {
    fn from(node: TimelineEvent) -> Self {
        Self { cursor: cursor(&node.row.sequence), node }
    }
}

/// Which events to include; omitted conditions do not narrow.
#[derive(Default, InputObject)]
pub struct TimelineFilter {
    /// Of these kinds.
    kinds: Option<Vec<TimelineKind>>,
    /// Only key moments, or only others.
    starred: Option<bool>,
    /// By this person.
    actor_id: Option<ID>,
    /// That reached Muster in one of these ways.
    source: Option<Vec<Source>>,
    /// That happened at this time or later.
    since: Option<DateTime<Utc>>,
    /// That happened at this time or earlier.
    until: Option<DateTime<Utc>>,
    /// With this text.
    text: Option<String>,
}

impl TimelineFilter {
    /// Converts to the domain's filter.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for an id of another kind.
    pub fn read(self) -> ApiResult<timeline::TimelineFilter> {
        Ok(timeline::TimelineFilter {
            kinds: self.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            starred: self.starred,
            actor_id: optional_id("filter.actorId", self.actor_id.as_ref())?,
            source: self.source.map(|source| source.into_iter().map(Into::into).collect()),
            since: self.since,
            until: self.until,
            text: domain::validate::search("filter.text", self.text.as_deref())?,
        })
    }
}

/// A file of an incident. Upload by POST to `/files`.
#[derive(Clone, Description)]
pub struct Attachment(pub attachment::Model);

#[Object(use_type_description)]
impl Attachment {
    /// Begins with `att_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Its original name.
    async fn file_name(&self) -> &str {
        &self.0.file_name
    }
    /// Its media type, detected from its content.
    async fn content_type(&self) -> &str {
        &self.0.content_type
    }
    /// Its size.
    async fn bytes(&self) -> i64 {
        self.0.bytes
    }
    /// The SHA-256 hash of its content, in hex.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }
    /// Where to download it, with the same token or session as everything else.
    async fn download_url(&self, gql: &Context<'_>) -> Url {
        public_url(gql, &format!("/files/{}", self.0.id))
    }
}

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
    /// Files that were uploaded for it.
    attachment_ids: Option<Vec<ID>>,
    /// Whether it is a key moment.
    #[graphql(default_with = "Some(false)")]
    starred: Option<bool>,
    /// Repeating a key returns the same event instead of adding a second one.
    idempotency_key: Option<String>,
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

/// A summary for people who do not follow the timeline.
#[derive(InputObject)]
pub struct PostUpdateInput {
    /// The incident.
    incident_id: ID,
    /// Markdown.
    text: String,
    /// A new status to set with it.
    status: Option<super::scalars::IncidentStatus>,
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

    /// Posts a summary for people who do not follow the timeline. Restarts the half-hour.
    async fn post_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The summary.")] input: PostUpdateInput,
    ) -> ApiResult<TimelineEventPayload> {
        let incident = id("incidentId", &input.incident_id)?;
        Ok(timeline::post_update(ctx(gql), incident, &input.text, input.status.map(Into::into)).await?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: usize, backwards: bool, after: Option<i32>, before: Option<i32>) -> Window<i32> {
        Window { limit, backwards, after, before }
    }

    #[test]
    fn a_window_is_a_stretch() {
        for (window, expected) in [
            (window(3, false, None, None), (0, 3)),
            (window(3, true, None, None), (7, 10)),
            (window(3, false, Some(9), None), (9, 10)),
            (window(3, false, Some(99), None), (10, 10)),
            (window(3, true, None, Some(3)), (0, 2)),
            (window(3, true, Some(1), Some(3)), (1, 2)),
            (window(3, false, Some(5), Some(2)), (5, 5)),
            (window(0, false, None, None), (0, 0)),
        ] {
            assert_eq!(stretch(&window, 10), expected, "{window:?}");
        }
    }
}
