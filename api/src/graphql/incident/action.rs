//! What is to be done while an incident lasts.

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use entity::action;

use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::ActionState;

/// Something to do while the incident lasts.
#[derive(Clone, Description)]
pub struct Action(pub action::Model);

#[Object(use_type_description)]
impl Action {
    /// Begins with `act_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What to do.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Who does it.
    async fn assignee(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.assignee_id).await
    }
    /// Its state.
    async fn state(&self) -> ActionState {
        self.0.state.into()
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was done or dropped.
    async fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.0.settled_at
    }
}
