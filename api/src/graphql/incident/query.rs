//! Finding incidents.

use async_graphql::{Context, Description, Object};
use domain::cursor::{TimeKey, Window};
use domain::incident;

use super::connection::IncidentConnection;
use super::fragments::know_names;
use super::inputs::IncidentFilter;
use super::row::Incident;
use super::shown::Shown;
use crate::graphql::connection::page_args;
use crate::graphql::context::ctx;
use crate::graphql::cost::{page_cost, search_cost};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::IncidentOrder;

/// Queries about incidents.
#[derive(Default, Description)]
pub struct IncidentQuery;

#[Object(use_type_description)]
impl IncidentQuery {
    /// An incident by its reference.
    async fn incident(&self, gql: &Context<'_>, #[graphql(desc = "E.g. INC-42.")] reference: String) -> ApiResult<Option<Shown>> {
        let number = incident::parse_reference(&reference)?;
        let (row, names) = incident::seen_by_number(ctx(gql), number).await?;
        know_names(gql, names);
        Ok(Some(Shown(Incident(row))))
    }

    /// Incidents.
    #[graphql(complexity = "page_cost(first, last, child_complexity) + search_cost(filter.as_ref().and_then(IncidentFilter::text))")]
    #[expect(clippy::too_many_arguments, reason = "a Relay connection has four of its own")]
    async fn incidents(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<IncidentFilter>,
        #[graphql(desc = "The sort order.", default_with = "Some(IncidentOrder::Newest)")] order_by: Option<IncidentOrder>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<IncidentConnection> {
        let window = Window::<TimeKey>::from_args(&page_args(first, after, last, before))?;
        let order = order_by.map_or(incident::IncidentOrder::Newest, Into::into);
        IncidentConnection::load(gql, filter.unwrap_or_default().read()?, order, &window).await
    }
}
