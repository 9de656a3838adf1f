//! Planning and holding reviews.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::review::{self, Comment, Outcome, Plan};

use super::row::{ParkedTopic, Review, ReviewComment};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{InvitationAnswer, Url, id, ids, optional_id};

/// The plan of a review.
#[derive(InputObject)]
pub struct ScheduleReviewInput {
    /// The incident.
    incident_id: ID,
    /// When it begins.
    starts_at: DateTime<Utc>,
    /// How long it lasts, 15 to 480.
    #[graphql(default = 90)]
    duration_minutes: i32,
    /// Where people meet: a room, or the link of a call.
    place: Option<String>,
    /// Who leads it.
    facilitator_id: ID,
    /// Who takes the notes.
    note_taker_id: ID,
    /// Somebody senior who had no part in the response.
    senior_outsider_id: Option<ID>,
    /// Who is invited besides those whom it concerns.
    extra_attendee_ids: Option<Vec<ID>>,
    /// Why it is planned so although that breaks rules.
    override_reason: Option<String>,
    /// The version of the incident that you have seen: CONFLICT if somebody else has since planned the review otherwise.
    expected_version: Option<i32>,
}

/// A review to call off.
#[derive(InputObject)]
pub struct CallOffReviewInput {
    /// The review.
    review_id: ID,
    /// Why.
    reason: String,
}

/// Whether you come to a review.
#[derive(InputObject)]
pub struct AnswerReviewInvitationInput {
    /// The review.
    review_id: ID,
    /// Your answer.
    answer: InvitationAnswer,
}

/// Something to say for a review.
#[derive(InputObject)]
pub struct CommentOnReviewInput {
    /// The review.
    review_id: ID,
    /// Markdown.
    body: String,
    /// Whether nobody shall find out that you wrote it. Then it appears with others, not at once.
    #[graphql(default)]
    anonymous: bool,
}

/// A review to begin.
#[derive(InputObject)]
pub struct BeginReviewInput {
    /// The review.
    review_id: ID,
}

/// What came of a review.
#[derive(InputObject)]
pub struct RecordReviewInput {
    /// The review.
    review_id: ID,
    /// When it was held.
    held_at: DateTime<Utc>,
    /// What was said. Markdown.
    notes: Option<String>,
    /// Where its recording is.
    recording_url: Option<Url>,
    /// Whether it found that nothing needs to be followed up.
    #[graphql(default)]
    no_follow_ups: bool,
    /// Which of the incident's files were handed round, all of them. Left as it is if omitted.
    file_ids: Option<Vec<ID>>,
    /// The version of the incident that you have seen: CONFLICT if somebody else has since written down what came of the review.
    expected_version: Option<i32>,
}

/// A topic for another forum.
#[derive(InputObject)]
pub struct ParkReviewTopicInput {
    /// The review.
    review_id: ID,
    /// What is to be talked about.
    topic: String,
    /// Where: a meeting, a channel, a person.
    forum: String,
}

/// A topic to take back.
#[derive(InputObject)]
pub struct UnparkReviewTopicInput {
    /// The topic.
    topic_id: ID,
}

/// Whether a review talks about a moment.
#[derive(InputObject)]
pub struct ChooseReviewMomentInput {
    /// The review.
    review_id: ID,
    /// The event of its incident's timeline.
    event_id: ID,
    /// Whether it is talked about.
    wanted: bool,
}

/// The changed review.
#[derive(SimpleObject)]
pub struct ReviewPayload {
    /// The review.
    review: Review,
}

impl From<entity::review::Model> for ReviewPayload {
    fn from(row: entity::review::Model) -> Self {
        Self { review: Review(row) }
    }
}

/// A comment that was written.
#[derive(SimpleObject)]
pub struct ReviewCommentPayload {
    /// The comment; null for an anonymous one, which has no name by which you could be found.
    comment: Option<ReviewComment>,
}

/// A topic that was parked.
#[derive(SimpleObject)]
pub struct ParkedTopicPayload {
    /// The topic.
    topic: ParkedTopic,
}

/// Mutations of reviews.
#[derive(Default, Description)]
pub struct ReviewMutation;

#[Object(use_type_description)]
impl ReviewMutation {
    /// Plans the review of an incident, or changes its plan. Whom it concerns is invited by mail, with an event for their calendars.
    async fn schedule_review(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The plan.")] input: ScheduleReviewInput,
    ) -> ApiResult<ReviewPayload> {
        let plan = Plan {
            starts_at: input.starts_at,
            duration_minutes: input.duration_minutes,
            place: input.place,
            facilitator: Some(id("facilitatorId", &input.facilitator_id)?),
            note_taker: Some(id("noteTakerId", &input.note_taker_id)?),
            senior_outsider: optional_id("seniorOutsiderId", input.senior_outsider_id.as_ref())?,
            also: ids("extraAttendeeIds", &input.extra_attendee_ids.unwrap_or_default())?,
        };
        let incident = id("incidentId", &input.incident_id)?;
        let reason = input.override_reason.as_deref();
        Ok(Box::pin(review::schedule(ctx(gql), incident, plan, reason, input.expected_version)).await?.into())
    }

    /// Calls a review off. Who was invited hears so.
    async fn call_off_review(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The review and why.")] input: CallOffReviewInput,
    ) -> ApiResult<ReviewPayload> {
        Ok(review::call_off(ctx(gql), id("reviewId", &input.review_id)?, &input.reason).await?.into())
    }

    /// Says whether you come to a review that you are invited to.
    async fn answer_review_invitation(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The review and your answer.")] input: AnswerReviewInvitationInput,
    ) -> ApiResult<ReviewPayload> {
        Ok(review::answer(ctx(gql), id("reviewId", &input.review_id)?, input.answer.into()).await?.into())
    }

    /// Says something for a review outside the meeting, before or after it, with your name or without. For everybody who may see the incident.
    async fn comment_on_review(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The comment.")] input: CommentOnReviewInput,
    ) -> ApiResult<ReviewCommentPayload> {
        let comment = Comment { review_id: id("reviewId", &input.review_id)?, body: input.body, is_anonymous: input.anonymous };
        Ok(ReviewCommentPayload { comment: review::comment(ctx(gql), comment).await?.map(ReviewComment) })
    }

    /// Begins a review. Anonymous comments that wait appear.
    async fn begin_review(&self, gql: &Context<'_>, #[graphql(desc = "The review.")] input: BeginReviewInput) -> ApiResult<ReviewPayload> {
        Ok(review::begin(ctx(gql), id("reviewId", &input.review_id)?).await?.into())
    }

    /// Writes down what came of a review, or writes it anew.
    async fn record_review(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The review and what came of it.")] input: RecordReviewInput,
    ) -> ApiResult<ReviewPayload> {
        let RecordReviewInput { review_id, held_at, notes, recording_url, no_follow_ups, file_ids, expected_version } = input;
        let files = file_ids.map(|files| ids("fileIds", &files)).transpose()?;
        let outcome = Outcome { held_at, notes, recording_url: recording_url.map(|url| url.0), no_follow_ups, files };
        Ok(review::record(ctx(gql), id("reviewId", &review_id)?, outcome, expected_version).await?.into())
    }

    /// Parks a topic for the forum where it belongs.
    async fn park_review_topic(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The topic and where it goes.")] input: ParkReviewTopicInput,
    ) -> ApiResult<ParkedTopicPayload> {
        let topic = review::park(ctx(gql), id("reviewId", &input.review_id)?, &input.topic, &input.forum).await?;
        Ok(ParkedTopicPayload { topic: ParkedTopic(topic) })
    }

    /// Takes a topic back that was parked.
    async fn unpark_review_topic(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The topic.")] input: UnparkReviewTopicInput,
    ) -> ApiResult<ReviewPayload> {
        Ok(review::unpark(ctx(gql), id("topicId", &input.topic_id)?).await?.into())
    }

    /// Says whether a review talks about a moment, whatever its guide proposes.
    async fn choose_review_moment(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The moment and whether it is talked about.")] input: ChooseReviewMomentInput,
    ) -> ApiResult<ReviewPayload> {
        let (review, event) = (id("reviewId", &input.review_id)?, id("eventId", &input.event_id)?);
        Ok(review::choose_moment(ctx(gql), review, event, input.wanted).await?.into())
    }
}
