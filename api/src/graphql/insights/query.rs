//! Asking for insights, and for the ledger of pages.

use async_graphql::{Context, Description, ID, InputObject, Object};
use domain::cursor::{TimeKey, Window};
use domain::insights::facts::Filter;
use domain::insights::ledger::{self, Wanted};

use super::ledger::PageLedgerConnection;
use super::object::Insights;
use crate::graphql::connection::page_args;
use crate::graphql::context::ctx;
use crate::graphql::cost::{INSIGHTS_COST, page_cost};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{Day, Severity, optional_id};

/// Which incidents of a period; omitted fields do not restrict.
#[derive(InputObject)]
pub struct InsightsFilter {
    /// Of one of these severities.
    severity: Option<Vec<Severity>>,
    /// About this site.
    site_id: Option<ID>,
    /// Affecting this client.
    client_id: Option<ID>,
}

impl InsightsFilter {
    fn read(self) -> ApiResult<Filter> {
        Ok(Filter {
            severity: self.severity.map(|severity| severity.into_iter().map(Into::into).collect()),
            site_id: optional_id("siteId", self.site_id.as_ref())?,
            client_id: optional_id("clientId", self.client_id.as_ref())?,
        })
    }
}

/// Queries about many incidents at once.
#[derive(Default, Description)]
pub struct InsightsQuery;

#[Object(use_type_description)]
impl InsightsQuery {
    /// How many incidents there were, how fast the team was, what was done in time, and who was woken. At most five years at once.
    /// Incidents that you may not see are in no figure.
    #[graphql(complexity = "INSIGHTS_COST + child_complexity")]
    async fn insights(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The first day, in the zone of the playbook.")] from: Day,
        #[graphql(desc = "The last day.")] to: Day,
        #[graphql(desc = "Which incidents.")] filter: Option<InsightsFilter>,
    ) -> ApiResult<Insights> {
        let filter = filter.map(InsightsFilter::read).transpose()?.unwrap_or_default();
        Ok(Insights(domain::insights::insights(ctx(gql), from.0, to.0, &filter).await?))
    }

    /// Who was paged when, newest first: your own ledger by your id, anybody's or, without an id, everybody's for administrators.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "those of a connection, and which")]
    async fn page_ledger(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The first day, in the zone of the playbook.")] from: Day,
        #[graphql(desc = "The last day.")] to: Day,
        #[graphql(desc = "Whose; everybody's if omitted.")] person_id: Option<ID>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<Option<PageLedgerConnection>> {
        let window = Window::<TimeKey>::from_args(&page_args(first, after, last, before))?;
        let wanted = Wanted::new(ctx(gql), from.0, to.0, optional_id("personId", person_id.as_ref())?)?;
        Ok(Some(PageLedgerConnection::of(ledger::page(ctx(gql), &wanted, &window).await?)))
    }
}
