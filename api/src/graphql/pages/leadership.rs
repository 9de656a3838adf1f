//! The record of the duty to tell the leadership.

use async_graphql::{Context, Description, Enum, Object};
use chrono::{DateTime, Utc};
use domain::telling::duty;

use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};

/// How far the duty to tell one of the leadership was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "duty::DutyState")]
pub enum LeadershipState {
    /// Nothing has been done yet.
    NotTold,
    /// They were paged; whether it arrived is not known.
    Called,
    /// The page arrived; they have not answered.
    Told,
    /// They did not answer in time, and someone else was told instead.
    Fallback,
    /// They know.
    Answered,
    /// Someone decided that they need not be told.
    Waived,
}

/// What is known of the duty to tell one of the leadership.
#[derive(Description)]
pub struct LeadershipNotice(pub duty::LeadershipNotice);

#[Object(use_type_description)]
impl LeadershipNotice {
    /// The contact's key in the playbook, e.g. `dpo`.
    async fn contact(&self) -> &str {
        &self.0.contact
    }
    /// The contact's title.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// The person who was paged, or who would be; null if the playbook names nobody on the team.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.person).await
    }
    /// When they were paged, or someone was asked to tell them.
    async fn called_at(&self) -> Option<DateTime<Utc>> {
        self.0.called_at
    }
    /// When it is known to have reached them: the mail arrived, a person told them, or they answered.
    async fn told_at(&self) -> Option<DateTime<Utc>> {
        self.0.told_at
    }
    /// When they are known to have taken note.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
    /// When someone else was told instead, because they did not answer.
    async fn fallback_at(&self) -> Option<DateTime<Utc>> {
        self.0.fallback_at
    }
    /// Who was told instead.
    async fn fallback_person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.fallback_person).await
    }
    /// The outcome so far.
    async fn state(&self) -> LeadershipState {
        self.0.state.into()
    }
}
