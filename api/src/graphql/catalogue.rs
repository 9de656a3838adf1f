//! Sites, clients and contacts.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::cursor::{NameKey, TimeKey, Window};
use domain::{catalogue, incident};
use entity::{client, contact, site};

use super::connection::{connection, cursor, page_args, page_cost};
use super::context::{ctx, loaders};
use super::error::ApiResult;
use super::incident::IncidentConnection;
use super::scalars::{ContactKind, Importance, Url, id, optional_id};

/// A web site or service that the team looks after.
#[derive(Clone)]
pub struct Site(pub Arc<site::Model>);

impl From<Arc<site::Model>> for Site {
    fn from(row: Arc<site::Model>) -> Self {
        Self(row)
    }
}

/// A web site or service that the team looks after.
#[Object]
impl Site {
    /// Begins with `sit_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Where it is.
    async fn url(&self) -> Option<Url> {
        self.0.url.clone().map(Url)
    }
    /// Where its code is.
    async fn repository(&self) -> Option<Url> {
        self.0.repository.clone().map(Url)
    }
    /// Whose it is.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        let Some(client) = self.0.client_id else { return Ok(None) };
        Ok(loaders(gql).client.get(client).await?.map(Client))
    }
    /// What helps to look at it and mend it.
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
    /// How much care it is owed.
    async fn importance(&self) -> Importance {
        self.0.importance.into()
    }
    /// What is normal there and no incident.
    async fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }
    /// Whether it is attacked all the time, so that an attack alone is nothing new.
    async fn routinely_attacked(&self) -> bool {
        self.0.routinely_attacked
    }
    /// When people rely on it most, such as `Mon-Fri 08:00-20:00; Sat 10:00-16:00`, in the playbook's time zone.
    async fn busy_hours(&self) -> Option<&str> {
        self.0.busy_hours.as_deref()
    }
    /// When the catalogue last told about it.
    async fn last_synced_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_synced_at
    }
    /// What happened there, newest first.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn incidents(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "How many from the start: 0 to 200, left out 50.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those ahead of this cursor.")] before: Option<String>,
    ) -> ApiResult<IncidentConnection> {
        let window = Window::<TimeKey>::from_args(&page_args(first, after, last, before))?;
        let filter = incident::IncidentFilter { site_id: Some(self.0.id), ..incident::IncidentFilter::default() };
        IncidentConnection::load(ctx(gql), filter, incident::IncidentOrder::Newest, &window).await
    }
}

connection!(SiteConnection, SiteEdge, Site, site::Model, "sites");

/// A named web address.
#[derive(Clone, SimpleObject)]
pub struct Link {
    /// What it is.
    label: String,
    /// Where it is.
    url: Url,
}

/// An organisation whose sites the team looks after.
#[derive(Clone)]
pub struct Client(pub Arc<client::Model>);

impl From<Arc<client::Model>> for Client {
    fn from(row: Arc<client::Model>) -> Self {
        Self(row)
    }
}

/// An organisation whose sites the team looks after.
#[Object]
impl Client {
    /// Begins with `cli_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// How much care it is owed.
    async fn importance(&self) -> Importance {
        self.0.importance.into()
    }
    /// Who is told there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        contacts_of(gql, self.0.id).await
    }
    /// Its sites, by name.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn sites(&self, gql: &Context<'_>) -> ApiResult<Vec<Site>> {
        let rows = loaders(gql).client_sites.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(|row| Site(Arc::new(row))).collect())
    }
    /// Its number at Zendesk.
    async fn zendesk_organization_id(&self) -> Option<&str> {
        self.0.zendesk_organization_id.as_deref()
    }
}

connection!(ClientConnection, ClientEdge, Client, client::Model, "clients");

/// The contacts of a client, senior ones first.
pub async fn contacts_of(gql: &Context<'_>, client: entity::ClientId) -> ApiResult<Vec<Contact>> {
    let rows = loaders(gql).contacts.get(client).await?.unwrap_or_default();
    Ok(rows.iter().cloned().map(Contact).collect())
}

/// Someone at a client.
#[derive(Clone)]
pub struct Contact(pub contact::Model);

/// Someone at a client.
#[Object]
impl Contact {
    /// Begins with `con_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What people call them.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Where they are reached.
    async fn email(&self) -> &str {
        &self.0.email
    }
    /// Where they stand at the client.
    async fn kind(&self) -> ContactKind {
        self.0.kind.into()
    }
}

/// Queries about sites and clients.
#[derive(Default)]
pub struct CatalogueQuery;

/// Queries about sites and clients.
#[Object]
impl CatalogueQuery {
    /// The sites, by name.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn sites(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in name or address.")] text: Option<String>,
        #[graphql(desc = "How many from the start: 0 to 200, left out 50.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those ahead of this cursor.")] before: Option<String>,
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
        #[graphql(desc = "How many from the start: 0 to 200, left out 50.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those ahead of this cursor.")] before: Option<String>,
    ) -> ApiResult<ClientConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = catalogue::clients(ctx(gql), domain::validate::search("text", text.as_deref())?.as_deref(), &window).await?;
        Ok(ClientConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
    }
}

/// A site to add or change; of a known site, what is left out stays.
#[derive(InputObject)]
pub struct SaveSiteInput {
    /// The site to change; left out, a new one is added.
    id: Option<ID>,
    /// What people call it.
    name: String,
    /// Where it is.
    url: Option<Url>,
    /// Where its code is.
    repository: Option<Url>,
    /// Whose it is.
    client_id: Option<ID>,
    /// What to do when it breaks.
    runbook: Option<Url>,
    /// How much care it is owed.
    importance: Option<Importance>,
    /// What is normal there and no incident.
    expected: Option<String>,
    /// Whether it is attacked all the time, so that an attack alone is nothing new.
    routinely_attacked: Option<bool>,
    /// When people rely on it most, such as `Mon-Fri 08:00-20:00; Sat 10:00-16:00`, in the playbook's time zone.
    busy_hours: Option<String>,
}

/// A client to add or change; of a known client, what is left out stays.
#[derive(InputObject)]
pub struct SaveClientInput {
    /// The client to change; left out, a new one is added.
    id: Option<ID>,
    /// What people call it.
    name: String,
    /// How much care it is owed.
    importance: Option<Importance>,
    /// All contacts from now on.
    contacts: Option<Vec<ContactInput>>,
    /// Its number at Zendesk.
    zendesk_organization_id: Option<String>,
}

/// Someone at a client.
#[derive(InputObject)]
pub struct ContactInput {
    /// What people call them.
    name: String,
    /// Where they are reached.
    email: String,
    /// Where they stand at the client.
    #[graphql(default_with = "ContactKind::Regular")]
    kind: ContactKind,
}

/// A site that was saved.
#[derive(SimpleObject)]
pub struct SitePayload {
    /// The site.
    site: Site,
}

/// A client that was saved.
#[derive(SimpleObject)]
pub struct ClientPayload {
    /// The client.
    client: Client,
}

/// Mutations about sites and clients.
#[derive(Default)]
pub struct CatalogueMutation;

/// Mutations about sites and clients.
#[Object]
impl CatalogueMutation {
    /// Adds or changes a site.
    async fn save_site(&self, gql: &Context<'_>, #[graphql(desc = "The site.")] input: SaveSiteInput) -> ApiResult<SitePayload> {
        let save = catalogue::SaveSite {
            id: optional_id("id", input.id.as_ref())?,
            name: input.name,
            url: input.url.map(|url| url.0),
            repository: input.repository.map(|url| url.0),
            client_id: optional_id("clientId", input.client_id.as_ref())?,
            runbook: input.runbook.map(|url| url.0),
            importance: input.importance.map(Into::into),
            expected: input.expected,
            routinely_attacked: input.routinely_attacked,
            busy_hours: input.busy_hours,
        };
        let site = catalogue::save_site(ctx(gql), save).await?;
        Ok(SitePayload { site: Site(Arc::new(site)) })
    }

    /// Adds or changes a client, with its contacts.
    async fn save_client(&self, gql: &Context<'_>, #[graphql(desc = "The client.")] input: SaveClientInput) -> ApiResult<ClientPayload> {
        let contact = |contact: ContactInput| catalogue::NewContact { name: contact.name, email: contact.email, kind: contact.kind.into() };
        let save = catalogue::SaveClient {
            id: input.id.as_ref().map(|client| id("id", client)).transpose()?,
            name: input.name,
            importance: input.importance.map(Into::into),
            contacts: input.contacts.map(|contacts| contacts.into_iter().map(contact).collect()),
            zendesk_organization_id: input.zendesk_organization_id,
        };
        let client = catalogue::save_client(ctx(gql), save).await?;
        Ok(ClientPayload { client: Client(Arc::new(client)) })
    }
}
