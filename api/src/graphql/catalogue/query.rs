//! Finding sites and clients.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object};
use domain::alerts::quiet;
use domain::catalogue;
use domain::cursor::{NameKey, Window};
use entity::{client, site};

use super::quiet::QuietWindow;
use super::reading::SiteReading;
use super::row::{Client, Site};
use super::words::Environment;
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::optional_id;

connection!(SiteConnection, SiteEdge, Site, site::Model, "sites");

connection!(ClientConnection, ClientEdge, Client, client::Model, "clients");

/// Which sites; omitted fields do not restrict.
#[derive(InputObject)]
pub struct SiteFilter {
    /// Those of this client.
    client_id: Option<ID>,
    /// Those that are for this.
    environment: Option<Environment>,
    /// Those that the team no longer looks after; without it, those that it does.
    #[graphql(default)]
    is_gone: bool,
}

/// Queries about sites and clients.
#[derive(Default, Description)]
pub struct CatalogueQuery;

#[Object(use_type_description)]
impl CatalogueQuery {
    /// The sites that the team looks after, or those that it no longer does, by name.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "those of a connection, and which")]
    async fn sites(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in the name, address or a host. A whole address finds the site that it belongs to.")]
        text: Option<String>,
        #[graphql(desc = "Which sites; those that the team looks after if omitted.")] filter: Option<SiteFilter>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<SiteConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let filter = filter.unwrap_or(SiteFilter { client_id: None, environment: None, is_gone: false });
        let filter = catalogue::SiteFilter {
            text: domain::validate::address_or_search("text", text.as_deref())?,
            client_id: optional_id("filter.clientId", filter.client_id.as_ref())?,
            environment: filter.environment.map(Into::into),
            is_gone: filter.is_gone,
        };
        let slice = catalogue::sites(ctx(gql), &filter, &window).await?;
        Ok(SiteConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
    }

    /// The times in which alerts are recorded and not reported, those that are on or to come, in their order; at most 200.
    #[graphql(complexity = "1 + 20 * child_complexity")]
    async fn quiet_windows(&self, gql: &Context<'_>) -> ApiResult<Vec<QuietWindow>> {
        Ok(quiet::ahead(ctx(gql)).await?.into_iter().map(|window| QuietWindow(Arc::new(window))).collect())
    }

    /// A catalogue elsewhere that is followed, and how the last reading of it went.
    async fn site_reading(&self, gql: &Context<'_>) -> ApiResult<SiteReading> {
        Ok(catalogue::reading::status(ctx(gql)).await?.into())
    }

    /// The clients, by name.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn clients(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in the name.")] text: Option<String>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<ClientConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = catalogue::clients(ctx(gql), domain::validate::search("text", text.as_deref())?.as_deref(), &window).await?;
        Ok(ClientConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
    }
}
