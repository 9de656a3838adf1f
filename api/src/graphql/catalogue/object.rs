//! What sites, clients and contacts look like.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::cursor::{TimeKey, Window};
use domain::incident;

use super::row::{Client, Contact, Site, client, contacts_of};
use crate::graphql::connection::page_args;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::IncidentConnection;
use crate::graphql::people::Person;
use crate::graphql::scalars::{ContactKind, Importance, Url};

#[Object(use_type_description)]
impl Site {
    /// Begins with `sit_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Where it is.
    async fn url(&self) -> Option<Url> {
        self.0.url.clone().map(Url)
    }
    /// Where its code lives.
    async fn repository(&self) -> Option<Url> {
        self.0.repository.clone().map(Url)
    }
    /// The client it belongs to.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        client(gql, self.0.client_id).await
    }
    /// Links that help to inspect and fix it.
    async fn tooling(&self) -> Vec<Link> {
        let link = |value: &serde_json::Value| {
            Some(Link { label: value["label"].as_str()?.to_owned(), url: Url(value["url"].as_str()?.to_owned()) })
        };
        self.0.tooling.as_array().into_iter().flatten().filter_map(link).collect()
    }
    /// What to do when it breaks.
    async fn runbook(&self) -> Option<Url> {
        self.0.runbook.clone().map(Url)
    }
    /// How important it is.
    async fn importance(&self) -> Importance {
        self.0.importance.into()
    }
    /// What is normal there and not an incident.
    async fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }
    /// Whether it is attacked all the time, so an attack alone is nothing new.
    async fn routinely_attacked(&self) -> bool {
        self.0.routinely_attacked
    }
    /// When people rely on it most, in the playbook's time zone, e.g. `Mon-Fri 08:00-20:00; Sat 10:00-16:00`.
    async fn busy_hours(&self) -> Option<&str> {
        self.0.busy_hours.as_deref()
    }
    /// When it was last synced from the catalogue.
    async fn last_synced_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_synced_at
    }
    /// Its incidents, newest first.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn incidents(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<IncidentConnection> {
        let window = Window::<TimeKey>::from_args(&page_args(first, after, last, before))?;
        let filter = incident::IncidentFilter { site_id: Some(self.0.id), ..incident::IncidentFilter::default() };
        IncidentConnection::load(gql, filter, incident::IncidentOrder::Newest, &window).await
    }
}

/// A link with a label.
#[derive(Clone, SimpleObject)]
pub struct Link {
    /// What it leads to.
    label: String,
    /// Its address.
    url: Url,
}

#[Object(use_type_description)]
impl Client {
    /// Begins with `cli_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// How important it is.
    async fn importance(&self) -> Importance {
        self.0.importance.into()
    }
    /// The people to tell there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        contacts_of(gql, self.0.id).await
    }
    /// Who of the team looks after it, by name.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn team(&self, gql: &Context<'_>) -> ApiResult<Vec<Person>> {
        let rows = loaders(gql).client_team.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(|row| Person(Arc::new(row))).collect())
    }
    /// Its sites, by name.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn sites(&self, gql: &Context<'_>) -> ApiResult<Vec<Site>> {
        let rows = loaders(gql).client_sites.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(|row| Site(Arc::new(row))).collect())
    }
    /// Its organisation's id in Zendesk.
    async fn zendesk_organization_id(&self) -> Option<&str> {
        self.0.zendesk_organization_id.as_deref()
    }
}

#[Object(use_type_description)]
impl Contact {
    /// Begins with `con_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Their name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Their e-mail address. Null if you are not a responder.
    async fn email(&self, gql: &Context<'_>) -> Option<&str> {
        ctx(gql).actor.may(Right::Respond).then_some(&self.0.email)
    }
    /// Their role at the client.
    async fn kind(&self) -> ContactKind {
        self.0.kind.into()
    }
}
