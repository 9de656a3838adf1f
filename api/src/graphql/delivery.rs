//! Effects on outside systems, and what people do about those that need a person.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::cursor::Window;
use domain::delivery;
use entity::DeliveryId;

use super::catalogue::Client;
use super::connection::{connection, cursor, page_args, page_cost};
use super::context::{ctx, loaders};
use super::error::ApiResult;
use super::incident::{ClientUpdate, Incident, incident_if_visible, person};
use super::people::Person;
use super::scalars::{Url, id};

/// The state of an effect on an outside system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::DeliveryState")]
pub enum DeliveryState {
    /// Not started.
    Queued,
    /// In progress.
    Sending,
    /// It arrived.
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

/// One effect on an outside system. It happens once, however often a worker dies.
#[derive(Clone, Description)]
pub struct Delivery(pub Arc<entity::delivery::Model>);

impl From<Arc<entity::delivery::Model>> for Delivery {
    fn from(row: Arc<entity::delivery::Model>) -> Self {
        Self(row)
    }
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
        let Some(id) = self.0.client_id else { return Ok(None) };
        Ok(loaders(gql).client.get(id).await?.map(Client))
    }
    /// The client update it carries.
    async fn client_update(&self, gql: &Context<'_>) -> ApiResult<Option<ClientUpdate>> {
        let Some(id) = self.0.client_update_id else { return Ok(None) };
        Ok(loaders(gql).client_update.get(id).await?.map(ClientUpdate))
    }
    /// The key of the step that it does or reminds people of.
    async fn step(&self) -> Option<&str> {
        self.0.step_key.as_deref()
    }
    /// What it created there.
    async fn external_url(&self) -> Option<Url> {
        self.0.external_url.clone().map(Url)
    }
    /// For `BY_HAND` and `FAILED`: what a person should do, including the text to copy.
    async fn instructions(&self) -> Option<String> {
        delivery::instructions(&self.0)
    }
    /// When it was ordered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it arrived, or was done by hand.
    async fn delivered_at(&self) -> Option<DateTime<Utc>> {
        self.0.delivered_at
    }
}

connection!(DeliveryConnection, DeliveryEdge, Delivery, entity::delivery::Model, "effects on outside systems");

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
    ) -> ApiResult<Vec<Delivery>> {
        let rows = loaders(gql).deliveries.get(self.0.id).await?.unwrap_or_default();
        let wanted = rows.iter().filter(|row| state.is_none_or(|state| entity::DeliveryState::from(state) == row.state));
        Ok(wanted.cloned().map(|row| Delivery(Arc::new(row))).collect())
    }
}

/// Queries about effects on outside systems.
#[derive(Default, Description)]
pub struct DeliveryQuery;

#[Object(use_type_description)]
impl DeliveryQuery {
    /// Effects on outside systems, newest first. For responders.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn deliveries(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those in this state.")] state: Option<DeliveryState>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<DeliveryConnection> {
        let window = Window::<DeliveryId>::from_args(&page_args(first, after, last, before))?;
        let slice = delivery::page(ctx(gql), delivery::DeliveryFilter { state: state.map(Into::into) }, &window).await?;
        Ok(DeliveryConnection::new(slice, |row| cursor(&row.id)))
    }
}

/// A delivery to retry.
#[derive(InputObject)]
pub struct RetryDeliveryInput {
    /// The delivery.
    delivery_id: ID,
}

/// A delivery that a person has carried out.
#[derive(InputObject)]
pub struct SettleDeliveryByHandInput {
    /// The delivery.
    delivery_id: ID,
    /// Where the result can be seen.
    external_url: Option<Url>,
}

/// The changed delivery.
#[derive(SimpleObject)]
pub struct DeliveryPayload {
    /// The delivery.
    delivery: Delivery,
}

impl From<entity::delivery::Model> for DeliveryPayload {
    fn from(row: entity::delivery::Model) -> Self {
        Self { delivery: Delivery(Arc::new(row)) }
    }
}

/// Mutations of effects on outside systems.
#[derive(Default, Description)]
pub struct DeliveryMutation;

#[Object(use_type_description)]
impl DeliveryMutation {
    /// Retries now a delivery that failed or is waiting.
    async fn retry_delivery(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: RetryDeliveryInput) -> ApiResult<DeliveryPayload> {
        Ok(delivery::retry(ctx(gql), id("deliveryId", &input.delivery_id)?).await?.into())
    }

    /// Records that a person did what a delivery asks for.
    async fn settle_delivery_by_hand(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, and where the result can be seen.")] input: SettleDeliveryByHandInput,
    ) -> ApiResult<DeliveryPayload> {
        let url = input.external_url.as_ref().map(|url| url.0.as_str());
        Ok(delivery::settle_by_hand(ctx(gql), id("deliveryId", &input.delivery_id)?, url).await?.into())
    }
}
