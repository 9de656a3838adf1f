//! What follows from the plan of a review before it is made.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::review::{self, Candidate, Considered, Slot, Warning, Wishes};
use entity::PersonId;

use super::attendee::Attendee;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{ReviewRule, id, ids, optional_id};

/// What has been decided so far of the plan of a review.
#[derive(InputObject)]
pub struct ReviewPlanInput {
    /// The incident.
    incident_id: ID,
    /// When it begins; left out, at the first time proposed.
    starts_at: Option<DateTime<Utc>>,
    /// How long it lasts; left out, as long as one about this much should.
    duration_minutes: Option<i32>,
    /// Who leads it.
    facilitator_id: Option<ID>,
    /// Who takes the notes.
    note_taker_id: Option<ID>,
    /// Somebody senior who had no part in the response.
    senior_outsider_id: Option<ID>,
    /// Who is invited besides those whom it concerns.
    extra_attendee_ids: Option<Vec<ID>>,
}

/// Questions about reviews.
#[derive(Default, Description)]
pub struct ReviewQuery;

#[Object(use_type_description)]
impl ReviewQuery {
    /// What follows from a plan for the review of an incident, without making it: when it could be, who would be invited, which rules it would
    /// break. For responders.
    #[graphql(complexity = "100 + 5 * child_complexity")]
    async fn review_plan(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What has been decided so far.")] input: ReviewPlanInput,
    ) -> ApiResult<ReviewPlan> {
        let wishes = Wishes {
            starts_at: input.starts_at,
            duration_minutes: input.duration_minutes,
            facilitator: optional_id("facilitatorId", input.facilitator_id.as_ref())?,
            note_taker: optional_id("noteTakerId", input.note_taker_id.as_ref())?,
            senior_outsider: optional_id("seniorOutsiderId", input.senior_outsider_id.as_ref())?,
            also: ids("extraAttendeeIds", &input.extra_attendee_ids.unwrap_or_default())?,
        };
        Ok(ReviewPlan(Box::pin(review::consider(ctx(gql), id("incidentId", &input.incident_id)?, wishes)).await?))
    }
}

/// What follows from a plan before it is made.
#[derive(Description)]
pub struct ReviewPlan(Considered);

#[Object(use_type_description)]
impl ReviewPlan {
    /// When it would begin.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }
    /// How long it would last.
    async fn duration_minutes(&self) -> i32 {
        self.0.duration_minutes
    }
    /// When it could be: in working hours, from about a week after the incident was resolved. Times that suit most people first.
    #[graphql(complexity = "5 + 6 * child_complexity")]
    async fn slots(&self) -> Vec<ReviewSlot> {
        self.0.slots.iter().cloned().map(ReviewSlot).collect()
    }
    /// Who would be invited, and why.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn attendees(&self) -> Vec<Attendee> {
        self.0.attendees.iter().cloned().map(Attendee).collect()
    }
    /// The rules that it would break. Plan it all the same by saying why in `overrideReason`.
    async fn warnings(&self) -> Vec<ReviewWarning> {
        self.0.warnings.iter().cloned().map(ReviewWarning::from).collect()
    }
    /// Who could lead it: who had no part in the response, longest since their last review first.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn candidates(&self) -> Vec<FacilitatorCandidate> {
        self.0.candidates.iter().cloned().map(FacilitatorCandidate).collect()
    }
}

/// A time at which a review could be.
#[derive(Description)]
pub struct ReviewSlot(Slot);

#[Object(use_type_description)]
impl ReviewSlot {
    /// When it begins.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }
    /// Who has something else to do then: a shift, or another review.
    #[graphql(complexity = "5 + 10 * child_complexity")]
    async fn busy(&self, gql: &Context<'_>) -> ApiResult<Vec<Person>> {
        let people = self.0.busy.iter().map(|id: &PersonId| person(gql, Some(*id)));
        let people = futures_util::future::try_join_all(people).await?;
        Ok(people.into_iter().flatten().collect())
    }
}

/// A rule that a plan breaks.
#[derive(SimpleObject)]
pub struct ReviewWarning {
    /// The rule.
    rule: ReviewRule,
    /// How, in words.
    text: String,
}

impl From<Warning> for ReviewWarning {
    fn from(Warning { rule, text }: Warning) -> Self {
        Self { rule: rule.into(), text }
    }
}

/// Somebody who could lead a review.
#[derive(Description)]
pub struct FacilitatorCandidate(Candidate);

#[Object(use_type_description)]
impl FacilitatorCandidate {
    /// Who.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.person)).await
    }
    /// When they last led one; null if they never did.
    async fn last_led_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_led_at
    }
}
