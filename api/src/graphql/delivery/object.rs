//! What effects on outside systems look like.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object};
use chrono::{DateTime, Utc};
use domain::delivery;

use super::row::Delivery;
use crate::graphql::catalogue::{Client, client};
use crate::graphql::clients::ClientUpdate;
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::Url;

/// The state of an effect on an outside system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::DeliveryState")]
pub enum DeliveryState {
    /// Not started.
    Queued,
    /// In progress.
    Sending,
    /// The system accepted it; for e-mail, the mail server, which does not say whether it reached the inbox.
    Delivered,
    /// It did not arrive and will be tried again.
    Retrying,
    /// It did not arrive and will not be retried automatically.
    Failed,
    /// The system is not connected: a person has to do it.
    ByHand,
    /// A person did it.
    DoneByHand,
    /// No longer wanted.
    Cancelled,
}

#[Object(use_type_description)]
impl Delivery {
    /// Begins with `dlv_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident that caused it.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.incident_id).await
    }
    /// What it is, for whom and about what, in one line.
    async fn title(&self) -> String {
        delivery::what(&self.0)
    }
    /// Where it happens, e.g. `email`.
    async fn system(&self) -> &str {
        self.0.system.as_str()
    }
    /// The operation, e.g. `notice`.
    async fn operation(&self) -> &str {
        self.0.operation.as_str()
    }
    /// Its state.
    async fn state(&self) -> DeliveryState {
        self.0.state.into()
    }
    /// How often it was attempted.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }
    /// Why the last attempt failed.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }
    /// When it will be tried next.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_attempt_at
    }
    /// The team member it is for, if any.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.person_id).await
    }
    /// The client it is for, or whose ticket it is about.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.0.client_id).await
    }
    /// The client update it carries.
    async fn client_update(&self, gql: &Context<'_>) -> ApiResult<Option<ClientUpdate>> {
        let Some(id) = self.0.client_update_id else { return Ok(None) };
        Ok(loaders(gql).client_update.get(id).await?.map(ClientUpdate))
    }
    /// The key of the step that it does or reminds people of.
    async fn step(&self) -> Option<&str> {
        delivery::steps_of(&self.0).next()
    }
    /// All playbook steps it is about: one reminder lists everything that fell due at its moment.
    async fn steps(&self) -> Vec<&str> {
        delivery::steps_of(&self.0).collect()
    }
    /// What it created there.
    async fn external_url(&self) -> Option<Url> {
        self.0.external_url.clone().map(Url)
    }
    /// For `BY_HAND` and `FAILED`: what a person should do, including the text to copy and, where somebody must be told, their number.
    async fn instructions(&self, gql: &Context<'_>) -> ApiResult<Option<String>> {
        let person = match self.0.person_id {
            Some(id) => loaders(gql).person.get(id).await?,
            None => None,
        };
        Ok(delivery::instructions(&self.0, person.as_deref()))
    }
    /// When it was ordered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When the system accepted it, or it was done by hand.
    async fn delivered_at(&self) -> Option<DateTime<Utc>> {
        self.0.delivered_at
    }
}

/// An incident's effects on outside systems.
#[derive(Description)]
pub struct IncidentDeliveries(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentDeliveries {
    /// Its effects on outside systems, oldest first. For responders.
    #[graphql(complexity = "1 + 10 * child_complexity")]
    async fn deliveries(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those in this state.")] state: Option<DeliveryState>,
    ) -> ApiResult<Option<Vec<Delivery>>> {
        let rows = loaders(gql).deliveries.get(self.0.id).await?.unwrap_or_default();
        let wanted = rows.iter().filter(|row| state.is_none_or(|state| entity::DeliveryState::from(state) == row.state));
        Ok(Some(wanted.cloned().map(|row| Delivery(Arc::new(row))).collect()))
    }
}
