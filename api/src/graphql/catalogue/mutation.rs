//! Changing sites and clients.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use domain::catalogue;
use entity::PersonId;

use super::import::{ImportSitesInput, SiteImport, SiteImportPayload};
use super::reading::{SettleSiteReadingInput, SiteReadingPayload, read_soon, settle};
use super::row::{Client, Site};
use super::words::{Environment, SiteField};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{ContactKind, Importance, Url, edited_id, id, ids, optional_id};

/// A site to add or change. When changing, omitted fields keep their value, and null or an empty text removes what may be missing.
#[derive(InputObject)]
pub struct SaveSiteInput {
    /// The site to change; omit it to add a new one.
    id: Option<ID>,
    /// Its name.
    name: String,
    /// Where it is.
    url: MaybeUndefined<Url>,
    /// All hosts where it is as well, at most 100, with port and path where they matter: replaces the present ones.
    hosts: Option<Vec<String>>,
    /// What it is for.
    environment: MaybeUndefined<Environment>,
    /// Where it runs, and with whom, on one line.
    hosting: MaybeUndefined<String>,
    /// Where its code lives.
    repository: MaybeUndefined<Url>,
    /// The client it belongs to.
    client_id: MaybeUndefined<ID>,
    /// What to do when it breaks.
    runbook: MaybeUndefined<Url>,
    /// How important it is.
    importance: Option<Importance>,
    /// What is normal there and not an incident.
    expected: MaybeUndefined<String>,
    /// Whether it is attacked all the time, so an attack alone is nothing new.
    routinely_attacked: Option<bool>,
    /// When people rely on it most, in the playbook's time zone, e.g. `Mon-Fri 08:00-20:00; Sat 10:00-16:00`.
    busy_hours: MaybeUndefined<String>,
    /// When nothing may be deployed there, by days in the playbook's time zone, e.g. `2026-12-15 to 2027-01-05 Christmas; 2026-11-27`.
    code_freeze: MaybeUndefined<String>,
    /// All links that help to inspect and fix it, at most 20: replaces the present ones.
    tooling: Option<Vec<LinkInput>>,
    /// Whether the team no longer looks after it: it is not offered for new incidents and stays on those that it is on.
    is_gone: Option<bool>,
    /// Fields that were set by hand and that imports may set again.
    leave_to_imports: Option<Vec<SiteField>>,
}

/// A link with a label.
#[derive(InputObject)]
pub struct LinkInput {
    /// What it leads to.
    label: String,
    /// Its address.
    url: Url,
}

/// A client to add or change. When changing, omitted fields keep their value, and null or an empty text removes what may be missing.
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
    zendesk_organization_id: MaybeUndefined<String>,
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

/// Who looks after a client.
#[derive(InputObject)]
pub struct SetClientTeamInput {
    /// The client.
    client_id: ID,
    /// All of them: replaces the present ones.
    person_ids: Vec<ID>,
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
        let address = |url: MaybeUndefined<Url>| url.map_value(|url| url.0).into();
        let save = catalogue::SaveSite {
            id: optional_id("id", input.id.as_ref())?,
            name: input.name,
            url: address(input.url),
            hosts: input.hosts,
            environment: input.environment.map_value(entity::Environment::from).into(),
            hosting: input.hosting.into(),
            repository: address(input.repository),
            client_id: edited_id("clientId", &input.client_id)?,
            runbook: address(input.runbook),
            importance: input.importance.map(Into::into),
            expected: input.expected.into(),
            routinely_attacked: input.routinely_attacked,
            busy_hours: input.busy_hours.into(),
            code_freeze: input.code_freeze.into(),
            tooling: input.tooling.map(|links| links.into_iter().map(|link| (link.label, link.url.0)).collect()),
            is_gone: input.is_gone,
            leave_to_imports: input.leave_to_imports.into_iter().flatten().map(Into::into).collect(),
        };
        let site = catalogue::save_site(ctx(gql), save).await?;
        Ok(SitePayload { site: Site(Arc::new(site)) })
    }

    /// Takes a list of sites into the catalogue. Without `plan`, nothing changes: it says what would. What was set by hand stays.
    async fn import_sites(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The list.")] input: ImportSitesInput,
    ) -> ApiResult<SiteImportPayload> {
        let done = Box::pin(catalogue::import::import(ctx(gql), input.into())).await?;
        let sites = catalogue::sites_by_ids(ctx(gql), &SiteImport::sites_in(&done)).await?;
        Ok(SiteImportPayload { import: SiteImport::new(done, sites) })
    }

    /// Takes a reading of the sites elsewhere that waits for a person, because it would lose much, or leaves the catalogue as it is.
    async fn settle_site_reading(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The reading, and what becomes of it.")] input: SettleSiteReadingInput,
    ) -> ApiResult<SiteReadingPayload> {
        settle(gql, input).await
    }

    /// Has the sites elsewhere read within a minute, because something has changed there. However often it is called, they are read once a
    /// minute at most.
    async fn read_sites(&self, gql: &Context<'_>) -> ApiResult<SiteReadingPayload> {
        read_soon(gql).await
    }

    /// Adds or changes a client, with its contacts.
    async fn save_client(&self, gql: &Context<'_>, #[graphql(desc = "The client.")] input: SaveClientInput) -> ApiResult<ClientPayload> {
        let contact = |contact: ContactInput| catalogue::NewContact { name: contact.name, email: contact.email, kind: contact.kind.into() };
        let save = catalogue::SaveClient {
            id: input.id.as_ref().map(|client| id("id", client)).transpose()?,
            name: input.name,
            importance: input.importance.map(Into::into),
            contacts: input.contacts.map(|contacts| contacts.into_iter().map(contact).collect()),
            zendesk_organization_id: input.zendesk_organization_id.into(),
        };
        let client = catalogue::save_client(ctx(gql), save).await?;
        Ok(ClientPayload { client: Client(Arc::new(client)) })
    }

    /// Says who of the team looks after a client. They are invited to reviews of incidents that affect it.
    async fn set_client_team(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The client, and who.")] input: SetClientTeamInput,
    ) -> ApiResult<ClientPayload> {
        let (client, people) = (id("clientId", &input.client_id)?, ids::<PersonId>("personIds", &input.person_ids)?);
        let client = catalogue::set_client_team(ctx(gql), client, &people).await?;
        Ok(ClientPayload { client: Client(Arc::new(client)) })
    }
}
