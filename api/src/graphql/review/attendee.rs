//! Who is invited to a review.

use async_graphql::{Context, Description, Object};
use chrono::{DateTime, Utc};
use entity::review_attendee;

use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{Expectation, InvitationAnswer};

/// Somebody who is invited to a review.
#[derive(Description)]
pub struct Attendee(pub review_attendee::Model);

#[Object(use_type_description)]
impl Attendee {
    /// Who.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.person_id)).await
    }
    /// How much they are expected.
    async fn expectation(&self) -> Expectation {
        self.0.expectation.into()
    }
    /// Why, in words that go on after the name.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
    /// Whether they come; null as long as they have not said.
    async fn answer(&self) -> Option<InvitationAnswer> {
        self.0.answer.map(Into::into)
    }
    /// When they said so.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
}
