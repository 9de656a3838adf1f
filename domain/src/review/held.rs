//! Holding a review (R31 to R33): what it talks about, what it leaves for others, and what came of it.

use std::collections::HashMap;

use entity::{
    AttachmentId, EventId, FileIds, IncidentField, IncidentId, ParkedTopicId, ReviewId, TimelineKind, Timestamp, attachment, parked_topic,
    review, review_moment,
};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter};

use super::comments::show_all;
use super::query::find;
use super::sitting::Sitting;
use crate::authz::Right;
use crate::change::{Expected, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state::require_open_timeline;
use crate::record::{Light, NewEvent};
use crate::timeline::{self, record_with_files};
use crate::webhooks::event_type::EventType;
use crate::{files, limits, sql, validate};

/// What came of a review.
pub struct Outcome {
    /// When it was held.
    pub held_at: Timestamp,
    /// Markdown.
    pub notes: Option<String>,
    /// Where its recording is.
    pub recording_url: Option<String>,
    /// It found that nothing needs to be followed up.
    pub no_follow_ups: bool,
    /// Which of the incident's files were handed round; `None` leaves them as they are.
    pub files: Option<Vec<AttachmentId>>,
}

/// Begins a review: comments that wait are shown.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for one that was called off.
pub async fn begin(ctx: &Ctx, id: ReviewId) -> Result<review::Model> {
    let review = find(ctx, id).await?;
    let changed = change::<Sitting, _>(ctx, review.incident_id, Right::Respond, None, |sitting, draft| {
        let before = sitting.review()?;
        require_on(before)?;
        if before.begun_at.is_some() {
            return Ok(before.clone());
        }
        let row = review::Model { begun_at: Some(draft.now), ..before.clone() };
        draft.put::<review::Entity>(row.clone());
        show_all(draft, row.id);
        draft.record(NewEvent::new(TimelineKind::Review, "Review begun").posted_as(EventType::ReviewBegun));
        Ok(row)
    });
    Ok(changed.await?.output)
}

fn require_on(review: &review::Model) -> Result<()> {
    if review.called_off_at.is_some() {
        return Err(Error::precondition("That review was called off: plan it again first."));
    }
    Ok(())
}

/// Writes down what came of a review (R32), or writes it anew. Files that wait for an event belong to the one that says so.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` if somebody else has written it down since `expected_version` of the incident;
/// `FAILED_PRECONDITION` for one that was called off.
pub async fn record(ctx: &Ctx, id: ReviewId, outcome: Outcome, expected_version: Option<i32>) -> Result<review::Model> {
    ctx.require(Right::Respond)?;
    let review = find(ctx, id).await?;
    let held_at = validate::past("heldAt", outcome.held_at, ctx.now())?;
    let notes = validate::optional_text("notes", outcome.notes.as_deref())?;
    let recording_url = match outcome.recording_url.as_deref().filter(|url| !url.trim().is_empty()) {
        Some(url) => Some(validate::web_url("recordingUrl", url)?),
        None => None,
    };
    let files = match &outcome.files {
        Some(ids) => Some(handed_round(ctx, review.incident_id, ids).await?),
        None => None,
    };
    let expected = Expected::of(expected_version, &[IncidentField::ReviewOutcome]);
    let changed = change::<Sitting, _>(ctx, review.incident_id, Right::Respond, expected, |sitting, draft| {
        let before = sitting.review()?;
        require_on(before)?;
        if sitting.whole.incident.declared_at.is_some_and(|declared| held_at < declared) {
            return Err(Error::invalid("heldAt", "heldAt is before the incident was declared."));
        }
        if outcome.no_follow_ups && !sitting.whole.follow_ups.is_empty() {
            return Err(Error::invalid("noFollowUps", "There are follow-ups: they are what came of it."));
        }
        let file_ids = match &files {
            Some(files) => Some(FileIds(files.iter().map(|file| file.id).collect())).filter(|ids| !ids.0.is_empty()),
            None => before.file_ids.clone(),
        };
        let row = review::Model {
            held_at: Some(held_at),
            notes: notes.clone(),
            recording_url: recording_url.clone(),
            no_follow_ups: outcome.no_follow_ups,
            file_ids,
            ..before.clone()
        };
        if row == *before {
            return Ok(row);
        }
        draft.put::<review::Entity>(row.clone());
        show_all(draft, row.id);
        let at = draft.ctx().playbook().local(held_at);
        let nothing = if row.no_follow_ups { ": nothing needs to be followed up" } else { "" };
        let (text, of) = if before.held_at.is_some() {
            (format!("Notes of the review changed{nothing}"), EventType::ReviewChanged)
        } else {
            (format!("Review held on {at}{nothing}"), EventType::ReviewHeld)
        };
        let waiting: Vec<_> = files.iter().flatten().filter(|file| file.event_id.is_none()).cloned().collect();
        record_with_files(draft, NewEvent::new(TimelineKind::Review, text).posted_as(of), &waiting)?;
        Ok(row)
    });
    Ok(changed.await?.output)
}

/// The files of `incident` with these ids, in their order.
async fn handed_round(ctx: &Ctx, incident: IncidentId, ids: &[AttachmentId]) -> Result<Vec<attachment::Model>> {
    let ids = validate::list("fileIds", ids)?;
    let known = files::by_ids(ctx, &ids).await?.into_iter().filter(|file| file.incident_id == incident);
    let mut known: HashMap<AttachmentId, attachment::Model> = known.map(|file| (file.id, file)).collect();
    let found: Option<Vec<_>> = ids.iter().map(|id| known.remove(id)).collect();
    let stranger = "fileIds names a file that was not uploaded to this incident: upload it there first, or leave it out.";
    found.ok_or_else(|| Error::invalid("fileIds", stranger))
}

/// Parks a topic for another forum, so that the review stays with this incident (R31).
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`.
pub async fn park(ctx: &Ctx, id: ReviewId, topic: &str, forum: &str) -> Result<parked_topic::Model> {
    ctx.require(Right::Respond)?;
    let review = find(ctx, id).await?;
    let (topic, forum) = (validate::text("topic", topic)?, validate::name("forum", forum)?);
    let parked = parked_topic::Entity::find().filter(parked_topic::Column::ReviewId.eq(id)).count(ctx.db.read()).await?;
    if parked >= limits::PARKED_TOPICS as u64 {
        return Err(Error::invalid("topic", format!("A review parks at most {} topics.", limits::PARKED_TOPICS)));
    }
    let changed = change::<Light, _>(ctx, review.incident_id, Right::Respond, None, |incident, draft| {
        require_open_timeline(incident)?;
        let row = parked_topic::Model {
            id: ParkedTopicId(draft.id()),
            review_id: review.id,
            incident_id: review.incident_id,
            topic: topic.clone(),
            forum: forum.clone(),
            parked_at: draft.now,
            parked_by_id: draft.actor(),
        };
        draft.insert(row.clone().into_active_model());
        Ok(row)
    });
    Ok(changed.await?.output)
}

/// Takes a topic back that was parked. Returns its review.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn unpark(ctx: &Ctx, id: ParkedTopicId) -> Result<review::Model> {
    ctx.require(Right::Respond)?;
    let topic = sql::find_seen::<parked_topic::Entity>(ctx, id).await?;
    change::<Light, _>(ctx, topic.incident_id, Right::Respond, None, |incident, draft| {
        require_open_timeline(incident)?;
        draft.delete::<parked_topic::Entity>(parked_topic::Column::Id.eq(id));
        Ok(())
    })
    .await?;
    find(ctx, topic.review_id).await
}

/// Says whether a review talks about a moment, whatever its guide proposes.
///
/// # Errors
/// `BAD_USER_INPUT` for an event of another incident, `FORBIDDEN`, `NOT_FOUND`.
pub async fn choose_moment(ctx: &Ctx, id: ReviewId, event: EventId, is_wanted: bool) -> Result<review::Model> {
    ctx.require(Right::Respond)?;
    let review = find(ctx, id).await?;
    let known = timeline::by_ids(ctx, &[event]).await?.pop().ok_or(Error::NotFound("timeline event"))?;
    if known.incident_id != review.incident_id {
        return Err(Error::invalid("eventId", "That event is on the timeline of another incident."));
    }
    change::<Light, _>(ctx, review.incident_id, Right::Respond, None, |incident, draft| {
        require_open_timeline(incident)?;
        let row = review_moment::Model { review_id: id, event_id: event, incident_id: incident.id, wanted: is_wanted };
        draft.upsert(row.into_active_model());
        Ok(())
    })
    .await?;
    Ok(review)
}
