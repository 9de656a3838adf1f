//! What reviews look like.

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::{Error, review};
use futures_util::future::try_join_all;

use super::attendee::Attendee;
use super::guide::ReviewGuide;
use super::plan::ReviewWarning;
use super::row::{ParkedTopic, Review, ReviewComment};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{Day, Url};
use crate::graphql::timeline::Attachment;

#[Object(use_type_description)]
impl Review {
    /// Begins with `rev_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident it is about.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        Ok(incident_if_visible(gql, Some(self.0.incident_id)).await?.ok_or(Error::NotFound("incident"))?)
    }
    /// When it begins.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }
    /// How long it lasts.
    async fn duration_minutes(&self) -> i32 {
        self.0.duration_minutes
    }
    /// Where people meet.
    async fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }
    /// Who leads it.
    async fn facilitator(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.facilitator_id)).await
    }
    /// Who takes the notes.
    async fn note_taker(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.note_taker_id)).await
    }
    /// Somebody senior who had no part in the response.
    async fn senior_outsider(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.senior_outsider_id).await
    }
    /// Who is invited, who must be there first.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn attendees(&self, gql: &Context<'_>) -> ApiResult<Vec<Attendee>> {
        let rows = loaders(gql).review_attendees.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Attendee).collect())
    }
    /// The rules that its plan breaks by now, for responders: somebody may have turned out to be involved since.
    #[graphql(complexity = "50 + child_complexity")]
    async fn warnings(&self, gql: &Context<'_>) -> ApiResult<Vec<ReviewWarning>> {
        Ok(review::warnings_of(ctx(gql), &self.0).await?.into_iter().map(ReviewWarning::from).collect())
    }
    /// Why it was planned so although that broke rules.
    async fn override_reason(&self) -> Option<&str> {
        self.0.override_reason.as_deref()
    }
    /// What its facilitator takes into it. Nobody is named in it.
    #[graphql(complexity = "100 + 5 * child_complexity")]
    async fn guide(&self, gql: &Context<'_>) -> ApiResult<ReviewGuide> {
        Ok(ReviewGuide(Box::pin(review::guide(ctx(gql), self.0.id)).await?))
    }
    /// What people said outside the meeting. Anonymous comments appear three at a time, when the review begins and when it is over.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn comments(&self, gql: &Context<'_>) -> ApiResult<Vec<ReviewComment>> {
        let rows = loaders(gql).review_comments.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ReviewComment).collect())
    }
    /// What it leaves for other forums, oldest first.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn parked_topics(&self, gql: &Context<'_>) -> ApiResult<Vec<ParkedTopic>> {
        let rows = loaders(gql).parked_topics.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ParkedTopic).collect())
    }
    /// When it was called off, if it was not planned again.
    async fn called_off_at(&self) -> Option<DateTime<Utc>> {
        self.0.called_off_at
    }
    /// When its facilitator began it.
    async fn begun_at(&self) -> Option<DateTime<Utc>> {
        self.0.begun_at
    }
    /// When it was held.
    async fn held_at(&self) -> Option<DateTime<Utc>> {
        self.0.held_at
    }
    /// What was said. Markdown.
    async fn notes(&self) -> Option<&str> {
        self.0.notes.as_deref()
    }
    /// Where its recording is.
    async fn recording_url(&self) -> Option<Url> {
        self.0.recording_url.clone().map(Url)
    }
    /// Whether it found that nothing needs to be followed up.
    async fn no_follow_ups(&self) -> bool {
        self.0.no_follow_ups
    }
    /// Which of the incident's files were handed round in it.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn files(&self, gql: &Context<'_>) -> ApiResult<Vec<Attachment>> {
        let ids = self.0.file_ids.iter().flat_map(|files| &files.0);
        let files = try_join_all(ids.map(|id| loaders(gql).file.get(*id))).await?;
        Ok(files.into_iter().flatten().map(Attachment).collect())
    }
}

#[Object(use_type_description)]
impl ReviewComment {
    /// Begins with `rvc_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Markdown.
    async fn body(&self) -> &str {
        &self.0.body
    }
    /// Who wrote it; null where they wished so: then nobody can find out.
    async fn author(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.author_id).await
    }
    /// On which day it was written.
    async fn written_on(&self) -> Day {
        Day(self.0.written_on)
    }
}

#[Object(use_type_description)]
impl ParkedTopic {
    /// Begins with `prk_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What is to be talked about.
    async fn topic(&self) -> &str {
        &self.0.topic
    }
    /// Where.
    async fn forum(&self) -> &str {
        &self.0.forum
    }
}

/// What an incident says of its review.
#[derive(Description)]
pub struct IncidentReview(pub Incident);

#[Object(use_type_description)]
impl IncidentReview {
    /// Its review, once that is planned.
    async fn review(&self, gql: &Context<'_>) -> ApiResult<Option<Review>> {
        let rows = loaders(gql).reviews.get(self.0.read_as()).await?.unwrap_or_default();
        Ok(rows.first().cloned().map(Review))
    }
}
