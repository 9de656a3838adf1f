//! What endpoints and messages to them look like.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use domain::cursor::Window;
use domain::webhooks;
use entity::{WebhookMessageId, webhook_message};

use super::row::{WebhookEndpoint, WebhookMessage, WebhookMessageState};
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{Severity, Url};

connection!(WebhookMessageConnection, WebhookMessageEdge, WebhookMessage, webhook_message::Model, "what is posted to an endpoint");

#[Object(use_type_description)]
impl WebhookEndpoint {
    /// Begins with `whk_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Where events are posted to.
    async fn url(&self) -> Url {
        Url(self.0.url.clone())
    }
    /// Which types of events are posted, by name or as groups such as `incident.*`; null for all.
    async fn types(&self) -> Option<&[String]> {
        self.0.types.as_ref().map(|types| types.0.as_slice())
    }
    /// Only events of incidents that are at least this bad are posted; null for all.
    async fn least_severity(&self) -> Option<Severity> {
        self.0.least_severity.map(Into::into)
    }
    /// Whether events of restricted incidents are posted as well.
    async fn includes_restricted(&self) -> bool {
        self.0.includes_restricted
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Who added it.
    async fn created_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.created_by_id).await
    }
    /// When it got its present secret, if that is not its first. For a day, messages are signed with the one before as well.
    async fn rotated_at(&self) -> Option<DateTime<Utc>> {
        self.0.rotated_at
    }
    /// Since when nothing is posted there, and nothing is kept for it.
    async fn disabled_at(&self) -> Option<DateTime<Utc>> {
        self.0.disabled_at
    }
    /// Why.
    async fn disabled_why(&self) -> Option<&str> {
        self.0.disabled_why.as_deref()
    }
    /// Since when it has taken nothing. After five days it is disabled.
    async fn failing_since(&self) -> Option<DateTime<Utc>> {
        self.0.failing_since
    }
    /// Until when it wants to be left alone, if it said that it has too much to do.
    async fn paused_until(&self, gql: &Context<'_>) -> Option<DateTime<Utc>> {
        self.0.paused_until.filter(|until| *until > ctx(gql).now())
    }
    /// How many messages wait to be posted, or to be tried again.
    async fn waiting(&self, gql: &Context<'_>) -> ApiResult<i64> {
        Ok(loaders(gql).webhook_counts.get(self.0.id).await?.unwrap_or_default().waiting)
    }
    /// How many messages it did not take in the last 14 days; they can be replayed.
    async fn failed(&self, gql: &Context<'_>) -> ApiResult<i64> {
        Ok(loaders(gql).webhook_counts.get(self.0.id).await?.unwrap_or_default().failed)
    }
    /// What was posted there in the last 14 days, or waits for it, newest first.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn messages(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those in this state.")] state: Option<WebhookMessageState>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<WebhookMessageConnection> {
        let window = Window::<WebhookMessageId>::from_args(&page_args(first, after, last, before))?;
        let slice = webhooks::messages(ctx(gql), self.0.id, state.map(Into::into), &window).await?;
        Ok(WebhookMessageConnection::new(slice, |row| cursor(&row.id)))
    }
}

#[Object(use_type_description)]
impl WebhookMessage {
    /// Begins with `msg_`. What the endpoint gets as `webhook-id`, the same at each attempt.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Where it is posted to; null if that was removed.
    async fn endpoint(&self, gql: &Context<'_>) -> ApiResult<Option<WebhookEndpoint>> {
        Ok(loaders(gql).webhook_endpoint.get(self.0.endpoint_id).await?.map(WebhookEndpoint))
    }
    /// What it is about, e.g. `incident.declared`.
    async fn event_type(&self) -> &str {
        &self.0.event_type
    }
    /// The incident; null for a test.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.incident_id).await
    }
    /// Its state.
    async fn state(&self) -> WebhookMessageState {
        self.0.state.into()
    }
    /// How many attempts were begun since it was queued: at most ten.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }
    /// When it is tried next.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_attempt_at.filter(|_| self.0.state != entity::WebhookMessageState::Sending)
    }
    /// The HTTP status of the last answer; null if there was none.
    async fn last_status(&self) -> Option<i32> {
        self.0.last_status
    }
    /// Why the last attempt failed, or why it was cancelled.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }
    /// The beginning of the last answer.
    async fn answer(&self) -> Option<&str> {
        self.0.answer.as_deref()
    }
    /// What is posted, as JSON, byte for byte. Of a restricted incident, reading it is an entry of the audit log, as reading the incident is.
    async fn body(&self, gql: &Context<'_>) -> ApiResult<Option<&str>> {
        let is_of_none = self.0.incident_id.is_none();
        let may = is_of_none || incident_if_visible(gql, self.0.incident_id).await?.is_some();
        Ok(may.then_some(self.0.body.as_str()))
    }
    /// When it happened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When the endpoint took it, or it was given up or cancelled.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }
}
