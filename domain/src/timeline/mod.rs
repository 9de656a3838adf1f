//! The timeline of an incident: what people and programs recorded, in order (R16).
//!
//! Called by `api` for people and by every other use case through [`crate::change`]. Events are added and never
//! changed; a correction is a separate event, and a hash chain makes tampering visible. What must not stay is taken out by
//! [`redact`], which leaves that there was something.

pub mod chain;
pub mod others;
mod query;
pub mod redact;
pub mod redactions;
pub mod rollout;
pub mod stretch;
pub mod verify;

use entity::{AttachmentId, EventId, IncidentId, IncidentStatus, TimelineKind, Timestamp, attachment, incident, timeline_event};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde::Serialize;
use serde_json::json;

use crate::authz::Right;
use crate::change::{Changed, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result, readable};
use crate::idempotency::{Key, once};
use crate::incident::state;
use crate::record::{Draft, Light, NewEvent, Scope, Whole};
use crate::timeline::rollout::Rollout;
use crate::wake::Wake;
use crate::{limits, validate};

pub use query::{Range, TimelineFilter, amendments_of, by_ids, count, find, latest_update, latest_updates, page, range, since};

/// Kinds that people write themselves; the others are by-products of what they do.
pub const WRITABLE: [TimelineKind; 7] = [
    TimelineKind::Note,
    TimelineKind::Command,
    TimelineKind::Change,
    TimelineKind::Finding,
    TimelineKind::Decision,
    TimelineKind::Message,
    TimelineKind::File,
];

/// Input of [`add`].
#[derive(Clone, Debug, Serialize)]
pub struct AddEvent {
    /// The incident whose timeline it is.
    pub incident_id: IncidentId,
    /// One of [`WRITABLE`].
    pub kind: TimelineKind,
    /// Markdown.
    pub text: String,
    /// When it happened; now, if omitted.
    pub occurred_at: Option<Timestamp>,
    /// A JSON object with data for programs.
    pub details: Option<serde_json::Value>,
    /// For a CHANGE: how it was tried and put live.
    pub change: Option<Rollout>,
    /// Uploaded files that belong to it.
    pub attachment_ids: Vec<AttachmentId>,
    /// Whether it is a key moment.
    pub starred: bool,
}

impl AddEvent {
    /// Something that happens now and has nothing but a text.
    pub fn new(incident_id: IncidentId, kind: TimelineKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { incident_id, kind, text, occurred_at: None, details: None, change: None, attachment_ids: Vec::new(), starred: false }
    }
}

/// An event, and the incident after it.
pub type Recorded = (timeline_event::Model, incident::Model);

/// Adds an event (R16). Repeating the key returns the first event.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
pub async fn add(ctx: &Ctx, input: AddEvent, key: Option<&str>) -> Result<Recorded> {
    let event = checked(ctx, &input)?;
    let attachment_ids = validate::list("attachmentIds", &input.attachment_ids)?;
    let key = Key::of(ctx, "addTimelineEvent", key, &input)?;
    let work = async {
        let attachments = unused_attachments(ctx, input.incident_id, &attachment_ids).await?;
        let added = change::<Light, _>(ctx, input.incident_id, Right::Respond, None, |incident, draft| {
            state::require_open_timeline(incident)?;
            let id = record_with_files(draft, event.clone(), &attachments)?;
            if let Some(key) = &key {
                key.keep(draft, id.0);
            }
            Ok(())
        });
        only_event(added.await?)
    };
    once(ctx, key.as_ref(), Box::pin(work), |first| recorded(ctx, EventId(first))).await
}

async fn recorded(ctx: &Ctx, id: EventId) -> Result<Recorded> {
    let event = find(ctx, id).await?;
    let incident = crate::incident::find(ctx, event.incident_id).await?;
    Ok((event, incident))
}

fn checked(ctx: &Ctx, input: &AddEvent) -> Result<NewEvent> {
    if !WRITABLE.contains(&input.kind) {
        let kinds = WRITABLE.map(TimelineKind::as_str).join(", ");
        let reason = format!("{} is recorded by Muster itself. Write one of {kinds}; use postUpdate for an UPDATE.", input.kind);
        return Err(Error::invalid("kind", reason));
    }
    if let Some(details) = &input.details {
        if !details.is_object() {
            return Err(Error::invalid("details", "details must be a JSON object."));
        }
        if details.to_string().len() > limits::DETAILS_BYTES {
            return Err(Error::invalid(
                "details",
                format!("details is longer than {} bytes of JSON: attach a file instead.", limits::DETAILS_BYTES),
            ));
        }
        if details.to_string().contains("\\u0000") {
            return Err(Error::invalid("details", "details contains the control character U+0000: remove it."));
        }
    }
    if input.change.is_some() && input.kind != TimelineKind::Change {
        return Err(Error::invalid("change", "change says how a CHANGE was tried and put live: set kind to CHANGE, or leave it out."));
    }
    let mut details = input.details.clone();
    if let Some(change) = &input.change {
        change.checked()?.put(&mut details);
    }
    Ok(NewEvent {
        occurred_at: happened(ctx, input.occurred_at)?,
        details,
        starred: input.starred,
        ..NewEvent::new(input.kind, validate::text("text", &input.text)?)
    })
}

fn happened(ctx: &Ctx, at: Option<Timestamp>) -> Result<Option<Timestamp>> {
    at.map(|at| validate::past("occurredAt", at, ctx.now())).transpose()
}

/// Records an event to which these files belong from then on. What identifies them is in its details, and so covered by the hash.
pub(crate) fn record_with_files<S: Scope>(draft: &mut Draft<'_, S>, mut event: NewEvent, files: &[attachment::Model]) -> Result<EventId> {
    if !files.is_empty() {
        let files = files.iter().map(file_details).collect();
        event.details.get_or_insert_with(|| json!({}))["attachments"] = serde_json::Value::Array(files);
    }
    let id = draft.record(event);
    for file in files {
        draft.update(attachment::ActiveModel { id: Set(file.id), event_id: Set(Some(id)), ..Default::default() })?;
    }
    Ok(id)
}

/// What the timeline permanently records about a file.
pub fn file_details(file: &attachment::Model) -> serde_json::Value {
    json!({ "fileName": file.file_name, "bytes": file.bytes, "sha256": file.sha256 })
}

async fn unused_attachments(ctx: &Ctx, incident: IncidentId, ids: &[AttachmentId]) -> Result<Vec<attachment::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = attachment::Entity::find()
        .filter(attachment::Column::Id.is_in(ids.iter().copied()))
        .filter(attachment::Column::IncidentId.eq(incident))
        .all(ctx.db.read())
        .await?;
    if found.len() < ids.len() {
        return Err(Error::invalid("attachmentIds", "attachmentIds names a file that was not uploaded to this incident."));
    }
    match found.iter().find(|file| file.event_id.is_some()) {
        Some(file) => Err(Error::invalid("attachmentIds", format!("{} already belongs to another event.", file.file_name))),
        None => Ok(found),
    }
}

fn only_event<T>(changed: Changed<T>) -> Result<Recorded> {
    let event = changed.events.into_iter().next_back().ok_or_else(|| Error::internal("a change recorded no event"))?;
    Ok((event, changed.incident))
}

/// Input of [`post_update`].
#[derive(Clone, Debug, Serialize)]
pub struct PostUpdate {
    /// The incident that it sums up.
    pub incident_id: IncidentId,
    /// Markdown.
    pub text: String,
    /// A new status to set with it.
    pub status: Option<IncidentStatus>,
    /// When it was said; now, if omitted.
    pub occurred_at: Option<Timestamp>,
    /// Uploaded files that belong to it.
    pub attachment_ids: Vec<AttachmentId>,
}

impl PostUpdate {
    /// A summary of now, without anything else.
    pub fn new(incident_id: IncidentId, text: impl Into<String>) -> Self {
        Self { incident_id, text: text.into(), status: None, occurred_at: None, attachment_ids: Vec::new() }
    }
}

/// Posts the summary for people outside the response (R17), along with a new status if given. The half-hour begins again when it was said;
/// one that was said before the latest is only written down. Repeating the key returns the first event.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the status can't be reached from the current one.
pub async fn post_update(ctx: &Ctx, input: PostUpdate, key: Option<&str>) -> Result<Recorded> {
    let occurred_at = happened(ctx, input.occurred_at)?;
    let event = NewEvent { occurred_at, ..NewEvent::new(TimelineKind::Update, validate::text("text", &input.text)?) };
    let attachment_ids = validate::list("attachmentIds", &input.attachment_ids)?;
    let key = Key::of(ctx, "postUpdate", key, &input)?;
    let work = async {
        let attachments = unused_attachments(ctx, input.incident_id, &attachment_ids).await?;
        let posted = change::<Whole, _>(ctx, input.incident_id, Right::Respond, None, |facts, draft| {
            state::require_open_timeline(&facts.incident)?;
            if let Some(status) = input.status {
                state::move_live(draft, status, None)?;
            }
            let id = record_with_files(draft, event.clone(), &attachments)?;
            let said = occurred_at.unwrap_or(draft.now).min(draft.now);
            let incident = draft.incident_mut();
            if incident.last_update_at.is_none_or(|last| last <= said) {
                incident.latest_update_sequence = Some(incident.last_sequence);
                incident.updates += 1;
                incident.last_update_at = Some(said);
            }
            if let Some(key) = &key {
                key.keep(draft, id.0);
            }
            Ok(())
        });
        only_event(posted.await?)
    };
    once(ctx, key.as_ref(), Box::pin(work), |first| recorded(ctx, EventId(first))).await
}

/// Input of [`amend`].
pub struct Amend {
    /// The event to correct.
    pub event_id: EventId,
    /// What it should have said.
    pub text: Option<String>,
    /// When it really happened.
    pub occurred_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// Corrects an event by adding another; the original stays as it was.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`.
pub async fn amend(ctx: &Ctx, input: Amend) -> Result<Recorded> {
    ctx.require(Right::Respond)?;
    let original = find(ctx, input.event_id).await?;
    if original.kind == TimelineKind::Amendment {
        return Err(Error::invalid("eventId", "That is itself a correction: correct the event that it amends."));
    }
    let text = validate::optional_text("text", input.text.as_deref())?;
    let reason = validate::optional_text("reason", input.reason.as_deref())?;
    let occurred_at = input.occurred_at.map(|at| validate::past("occurredAt", at, ctx.now())).transpose()?;
    if text.is_none() && occurred_at.is_none() {
        return Err(Error::invalid("text", "Give the corrected text, the corrected occurredAt, or both."));
    }
    let changed = change::<Light, _>(ctx, original.incident_id, Right::Respond, None, |_, draft| {
        record_amendment(draft, &original, text.as_deref(), occurred_at, reason.as_deref());
        Ok(())
    });
    only_event(changed.await?)
}

/// Records that `original` should have said `text`, or happened then.
pub(crate) fn record_amendment(
    draft: &mut Draft<'_, Light>,
    original: &timeline_event::Model,
    text: Option<&str>,
    occurred_at: Option<Timestamp>,
    reason: Option<&str>,
) {
    let words = match (text, occurred_at) {
        (Some(text), _) => text.to_owned(),
        (None, Some(at)) => format!("Happened at {}.", readable(at)),
        (None, None) => String::new(),
    };
    let details = json!({ "sequence": original.sequence, "text": text, "occurredAt": occurred_at, "reason": reason });
    draft.record(NewEvent { amends: Some(original.id), ..NewEvent::new(TimelineKind::Amendment, words).details(details) });
}

/// Marks an event as a key moment, or removes the mark.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn star(ctx: &Ctx, id: EventId, starred: bool) -> Result<Recorded> {
    ctx.require(Right::Respond)?;
    let event = find(ctx, id).await?;
    let changed = change::<Light, _>(ctx, event.incident_id, Right::Respond, None, |_, draft| {
        if event.starred != starred {
            draft.update(timeline_event::ActiveModel { id: Set(id), starred: Set(starred), ..timeline_event::ActiveModel::default() })?;
        }
        Ok(())
    });
    let incident = changed.await?.incident;
    if event.starred != starred {
        ctx.waker.wake(Wake::Star(id));
    }
    Ok((timeline_event::Model { starred, ..event }, incident))
}
