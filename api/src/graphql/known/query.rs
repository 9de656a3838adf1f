//! Looking for known events, and reading the ops docs.

use std::sync::Arc;

use async_graphql::{Context, Description, Object};
use domain::Error;
use domain::cursor::{NameKey, Window};
use domain::known::{self, ops};
use entity::ops_page;

use super::object::KnownEvent;
use super::ops::{OpsDocs, OpsPage};
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;

connection!(OpsPageConnection, OpsPageEdge, OpsPage, ops_page::Model, "pages of the ops docs");

/// Queries about known events.
#[derive(Default, Description)]
pub struct KnownQuery;

#[Object(use_type_description)]
impl KnownQuery {
    /// Pages of the ops docs and past incidents about a text, the best first. English words are found in all their forms, and misspelt.
    #[graphql(complexity = "1_000 + page_cost(first, None, child_complexity)")]
    async fn known_events(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What happens, the name of an alert, or a site.")] text: String,
        #[graphql(desc = "At most so many, 0 to 50.", default_with = "Some(10)")] first: Option<i32>,
    ) -> ApiResult<Vec<KnownEvent>> {
        let first = usize::try_from(first.unwrap_or(10)).map_err(|_| Error::invalid("first", "first must not be negative."))?;
        Ok(known::search(ctx(gql), &text, first).await?.into_iter().map(KnownEvent).collect())
    }

    /// The ops docs, and how the last reading went.
    async fn ops_docs(&self, gql: &Context<'_>) -> ApiResult<OpsDocs> {
        Ok(ops::status(ctx(gql)).await?.into())
    }

    /// The pages of the ops docs, by path.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn ops_pages(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in the path or title.")] text: Option<String>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<OpsPageConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = ops::pages(ctx(gql), domain::validate::search("text", text.as_deref())?.as_deref(), &window).await?;
        Ok(OpsPageConnection::new(slice, |row| cursor(&NameKey(row.path.clone(), row.id.0))))
    }

    /// A page of the ops docs by its path; null if there is none.
    async fn ops_page(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "E.g. `alerts/disk-full.md`.")] path: String,
    ) -> ApiResult<Option<OpsPage>> {
        Ok(ops::by_path(ctx(gql), &path).await?.map(|row| OpsPage(Arc::new(row))))
    }
}
