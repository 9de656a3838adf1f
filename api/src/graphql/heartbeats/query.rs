//! Reading heartbeats.

use async_graphql::{Context, Description, Object};
use domain::cursor::{NameKey, Window};
use domain::heartbeats;
use entity::heartbeat;

use super::row::Heartbeat;
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;

connection!(HeartbeatConnection, HeartbeatEdge, Heartbeat, heartbeat::Model, "heartbeats");

/// Queries about heartbeats.
#[derive(Default, Description)]
pub struct HeartbeatQuery;

#[Object(use_type_description)]
impl HeartbeatQuery {
    /// The heartbeats, by name. For responders.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn heartbeats(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<Option<HeartbeatConnection>> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = heartbeats::page(ctx(gql), &window).await?;
        Ok(Some(HeartbeatConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0)))))
    }
}
