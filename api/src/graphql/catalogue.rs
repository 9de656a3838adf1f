//! Sites, clients and contacts.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::cursor::{NameKey, TimeKey, Window};
use domain::{catalogue, incident};
use entity::{client, contact, site};

use super::connection::{connection, cursor, page_args, page_cost};
use super::context::{ctx, loaders};
use super::error::ApiResult;
use super::incident::IncidentConnection;
use super::scalars::{ContactKind, Importance, Url, id, optional_id};

/// A website or service that the team looks after.
#[derive(Clone, Description)]
pub struct Site(pub Arc<site::Model>);

impl From<Arc<site::Model>> for Site {
    fn from(row: Arc<site::Model>) -> Self {
        Self(row)
    }
}

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
        let Some(client) = self.0.client_id else { return Ok(None) };
        Ok(loaders(gql).client.get(client).await?.map(Client))
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
        IncidentConnection::load(ctx(gql), filter, incident::IncidentOrder::Newest, &window).await
    }
}

connection!(SiteConnection, SiteEdge, Site, site::Model, "sites");

/// A link with a label.
#[derive(Clone, SimpleObject)]
pub struct Link {
    /// What it leads to.
    label: String,
    /// Its address.
    url: Url,
}

/// An organisation whose sites the team looks after.
#[derive(Clone, Description)]
pub struct Client(pub Arc<client::Model>);

impl From<Arc<client::Model>> for Client {
    fn from(row: Arc<client::Model>) -> Self {
        Self(row)
    }
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

connection!(ClientConnection, ClientEdge, Client, client::Model, "clients");

/// The contacts of a client, senior ones first.
pub async fn contacts_of(gql: &Context<'_>, client: entity::ClientId) -> ApiResult<Vec<Contact>> {
    let rows = loaders(gql).contacts.get(client).await?.unwrap_or_default();
    Ok(rows.iter().cloned().map(Contact).collect())
}

/// Someone at a client.
#[derive(Clone, Description)]
pub struct Contact(pub contact::Model);

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
    /// Their e-mail address.
    async fn email(&self) -> &str {
        &self.0.email
    }
    /// Their role at the client.
    async fn kind(&self) -> ContactKind {
        self.0.kind.into()
    }
}

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

/// A site to add or change. When changing, omitted fields keep their value.
#[derive(InputObject)]
pub struct SaveSiteInput {
    /// The site to change; omit it to add a new one.
    id: Option<ID>,
    /// Its name.
    name: String,
    /// Where it is.
    url: Option<Url>,
    /// Where its code lives.
    repository: Option<Url>,
    /// The client it belongs to.
    client_id: Option<ID>,
    /// What to do when it breaks.
    runbook: Option<Url>,
    /// How important it is.
    importance: Option<Importance>,
    /// What is normal there and not an incident.
    expected: Option<String>,
    /// Whether it is attacked all the time, so an attack alone is nothing new.
    routinely_attacked: Option<bool>,
    /// When people rely on it most, in the playbook's time zone, e.g. `Mon-Fri 08:00-20:00; Sat 10:00-16:00`.
    busy_hours: Option<String>,
}

/// A client to add or change. When changing, omitted fields keep their value.
#[derive(InputObject)]
pub struct SaveClientInput {
    /// The client to change; omit it to add a new one.
    id: Option<ID>,
    /// Its name.
    name: String,
    /// How important it is.
    importance: Option<Importance>,
    /// All of its contacts: replaces the present ones.
    contacts: Option<Vec<ContactInput>>,
    /// Its organisation's id in Zendesk.
    zendesk_organization_id: Option<String>,
}

/// Someone at a client.
#[derive(InputObject)]
pub struct ContactInput {
    /// Their name.
    name: String,
    /// Their e-mail address.
    email: String,
    /// Their role at the client.
    #[graphql(default_with = "ContactKind::Regular")]
    kind: ContactKind,
}

/// The saved site.
#[derive(SimpleObject)]
pub struct SitePayload {
    /// The site.
    site: Site,
}

/// The saved client.
#[derive(SimpleObject)]
pub struct ClientPayload {
    /// The client.
    client: Client,
}

/// Mutations about sites and clients.
#[derive(Default, Description)]
pub struct CatalogueMutation;

#[Object(use_type_description)]
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
