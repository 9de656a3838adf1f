//! What sites, clients and contacts look like.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::catalogue::{fields, merge};
use domain::cursor::{TimeKey, Window};
use domain::incident;
use entity::SiteOrigin;

use super::quiet::{QuietWindow, windows_of};
use super::row::{Client, Contact, Site, client, contacts_of};
use super::words::{Environment, SiteField, SiteSource};
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
        fields::tooling(&self.0).map(|(label, url)| Link { label: label.to_owned(), url: Url(url.to_owned()) }).collect()
    }
    /// Hosts where it is as well, with port and path where they matter, e.g. `shop.example.org` or `example.net/shop`.
    async fn hosts(&self) -> Vec<&str> {
        fields::hosts(self.0.hosts.as_deref()).collect()
    }
    /// What it is for; null if nobody has said.
    async fn environment(&self) -> Option<Environment> {
        self.0.environment.map(Into::into)
    }
    /// Where it runs, and with whom.
    async fn hosting(&self) -> Option<&str> {
        self.0.hosting.as_deref()
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
    /// When nothing may be deployed there, by days in the playbook's time zone, e.g. `2026-12-15 to 2027-01-05 Christmas`.
    async fn code_freeze(&self) -> Option<&str> {
        self.0.code_freeze.as_deref()
    }
    /// Since when the team no longer looks after it: it is not offered for new incidents.
    async fn gone_at(&self) -> Option<DateTime<Utc>> {
        self.0.gone_at
    }
    /// The times in which its alerts are recorded and not reported, those that are on or to come, in their order.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn quiet_windows(&self, gql: &Context<'_>) -> ApiResult<Vec<QuietWindow>> {
        windows_of(gql, self.0.id).await
    }
    /// The source that added it, and without which it is gone; null if people added it.
    async fn listed_by(&self) -> Option<SiteSource> {
        self.0.listed_by.map(Into::into)
    }
    /// Where each field comes from that says something, or was emptied by hand. Fields that were set before this was kept are not here; they
    /// count as set by hand.
    async fn origins(&self) -> Vec<SiteFieldOrigin> {
        let known = self.0.origins.iter().flat_map(|origins| &origins.0);
        let origin = |(field, SiteOrigin { origin, at, .. }): (&entity::SiteField, &SiteOrigin)| SiteFieldOrigin {
            field: (*field).into(),
            source: (*origin).into(),
            at: *at,
            // It has an origin, so what it says does not matter.
            is_kept: merge::is_kept(&self.0, *field, ""),
        };
        known.map(origin).collect()
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

/// Where a field of a site comes from.
#[derive(Clone, SimpleObject)]
pub struct SiteFieldOrigin {
    /// The field.
    field: SiteField,
    /// Who set it.
    source: SiteSource,
    /// When.
    at: DateTime<Utc>,
    /// Whether it stays when an import says something else: what is set by hand does, until it is left to imports again.
    is_kept: bool,
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
