//! Finding sites and clients.

use async_graphql::{Context, Description, Object};
use domain::catalogue;
use domain::cursor::{NameKey, Window};
use entity::{client, site};

use super::row::{Client, Site};
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;

connection!(SiteConnection, SiteEdge, Site, site::Model, "sites");

connection!(ClientConnection, ClientEdge, Client, client::Model, "clients");

/// Queries about sites and clients.
#[derive(Default, Description)]
pub struct CatalogueQuery;

#[Object(use_type_description)]
impl CatalogueQuery {
    /// The sites, by name.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn sites(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in the name or address.")] text: Option<String>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<SiteConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = catalogue::sites(ctx(gql), domain::validate::search("text", text.as_deref())?.as_deref(), &window).await?;
        Ok(SiteConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
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
