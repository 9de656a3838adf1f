//! Searching tickets at their system.

use async_graphql::{Context, Description, Object};
use domain::tickets;

use super::object::FoundTicket;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;

/// Queries about tickets.
#[derive(Default, Description)]
pub struct TicketQuery;

#[Object(use_type_description)]
impl TicketQuery {
    /// Unsolved tickets in the ticket system that match the text, best match first. For responders.
    #[graphql(complexity = "2_000 + 10 * child_complexity")]
    async fn search_tickets(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Words from the subject or text, or a number.")] text: String,
    ) -> ApiResult<Vec<FoundTicket>> {
        Ok(tickets::search(ctx(gql), &text).await?.into_iter().map(FoundTicket).collect())
    }
}
