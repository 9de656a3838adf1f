//! What people do about effects on outside systems that wait for them.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::delivery::{self, Reached};

use super::row::Delivery;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{Url, id, ids};

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
    /// For somebody who had to be paged or told by hand: whether they were reached. If not, the next person is paged. True by default.
    reached: Option<bool>,
}

/// Reminders that nobody needs to pass on.
#[derive(InputObject)]
pub struct DismissDeliveriesInput {
    /// The reminders, at most 100.
    delivery_ids: Vec<ID>,
}

/// The dismissed reminders.
#[derive(SimpleObject)]
pub struct DismissDeliveriesPayload {
    /// All that were named, as they are now.
    deliveries: Vec<Delivery>,
    /// How many were still waiting; the others were over before.
    dismissed: usize,
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

    /// Dismisses reminders that could not be sent: what they ask for stands on the incidents, and nobody needs to pass them on. Nothing is
    /// dismissed if one of them is something else.
    async fn dismiss_deliveries(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: DismissDeliveriesInput,
    ) -> ApiResult<DismissDeliveriesPayload> {
        let delivery::Dismissed { deliveries, dismissed } = delivery::dismiss(ctx(gql), &ids("deliveryIds", &input.delivery_ids)?).await?;
        Ok(DismissDeliveriesPayload { deliveries: deliveries.into_iter().map(|row| Delivery(Arc::new(row))).collect(), dismissed })
    }

    /// Records that a person did what a delivery asks for, or, where somebody had to be paged or told, could not reach them.
    async fn settle_delivery_by_hand(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one, and where the result can be seen.")] input: SettleDeliveryByHandInput,
    ) -> ApiResult<DeliveryPayload> {
        let url = input.external_url.as_ref().map(|url| url.0.as_str());
        let reached = if input.reached.unwrap_or(true) { Reached::Yes } else { Reached::No };
        Ok(delivery::settle_by_hand(ctx(gql), id("deliveryId", &input.delivery_id)?, url, reached).await?.into())
    }
}
