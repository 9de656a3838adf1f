//! Finding effects on outside systems.

use async_graphql::{Context, Description, Object};
use domain::cursor::Window;
use domain::delivery;
use entity::DeliveryId;

use super::object::DeliveryState;
use super::row::Delivery;
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;

connection!(DeliveryConnection, DeliveryEdge, Delivery, entity::delivery::Model, "effects on outside systems");

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
    ) -> ApiResult<Option<DeliveryConnection>> {
        let window = Window::<DeliveryId>::from_args(&page_args(first, after, last, before))?;
        let slice = delivery::page(ctx(gql), delivery::DeliveryFilter { state: state.map(Into::into) }, &window).await?;
        Ok(Some(DeliveryConnection::new(slice, |row| cursor(&row.id))))
    }
}
