//! Sites, and the clients they belong to (R3, R4, R21).
//!
//! What is known of a site comes from people and from sources that list sites, field by field ([`merge`]); what a source would change is a
//! [`plan`] first. [`reading`] follows a catalogue elsewhere. [`matching`] finds the site of an address.

pub mod busy;
mod export;
pub mod fields;
pub mod freeze;
mod hosts;
pub mod import;
pub mod listing;
pub mod matching;
pub mod merge;
pub mod notes;
pub mod plan;
pub mod reading;
mod sites;
mod team;

use std::collections::BTreeSet;

use entity::{AuditAction, ClientId, ContactId, ContactKind, Importance, SiteId, client, contact, former_name, site};
use sea_orm::sea_query::{Condition, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};

use crate::audit;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Slice, Window};
use crate::error::{Error, Result, is_duplicate};
use crate::sql::{by_name, contains, padded, save};
use crate::validate::{self, Edit};

pub use export::csv;
pub(crate) use hosts::{known_at, named_in, write_hosts};
pub use sites::{SaveSite, SiteFilter, save_site, sites, sites_of};
pub(crate) use team::looking_after;
pub use team::{set_client_team, team_of};

/// A contact at a client, as given.
pub struct NewContact {
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Their role at the client.
    pub kind: ContactKind,
}

/// Input of [`save_client`]: for an existing client, omitted fields stay as they are; blank texts empty theirs.
#[derive(Default)]
pub struct SaveClient {
    /// The client to change; a new one is created if omitted.
    pub id: Option<ClientId>,
    /// Display name.
    pub name: String,
    /// How important it is.
    pub importance: Option<Importance>,
    /// The new contacts, replacing all others.
    pub contacts: Option<Vec<NewContact>>,
    /// Its organisation number in Zendesk.
    pub zendesk_organization_id: Edit<String>,
}

/// Adds or changes a client and its contacts.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`.
pub async fn save_client(ctx: &Ctx, input: SaveClient) -> Result<client::Model> {
    ctx.require(Right::Respond)?;
    let now = ctx.now();
    let known = match input.id {
        Some(id) => Some(find_client(ctx, id).await?),
        None => None,
    };
    let before = known.clone();
    let mut row = known.unwrap_or_else(|| client::Model {
        id: ClientId(ctx.ids.uuid(now)),
        name: String::new(),
        importance: Importance::Normal,
        zendesk_organization_id: None,
        created_at: now,
    });
    row.name = validate::name("name", &input.name)?;
    row.importance = input.importance.unwrap_or(row.importance);
    let zendesk = validate::edit(input.zendesk_organization_id.as_ref(), |id| validate::name("zendeskOrganizationId", id))?;
    row.zendesk_organization_id = zendesk.unwrap_or(row.zendesk_organization_id);
    let contacts = match input.contacts {
        Some(contacts) => Some(checked_contacts(ctx, row.id, &contacts, &contacts_of(ctx, &[row.id]).await?)?),
        None => None,
    };
    let tx = ctx.db.begin().await?;
    if let Some(before) = before.as_ref().filter(|before| before.name != row.name) {
        remember_names(&tx, vec![(before.id, before.name.clone())]).await?;
    }
    let saved = save::<client::Entity, _>(&tx, before, row.clone()).await;
    let saved = saved.map_err(|error| match &row.zendesk_organization_id {
        Some(number) if is_duplicate(&error, "zendesk_organization_id") => {
            Error::invalid("zendeskOrganizationId", format!("Another client is already linked to organisation {number} in Zendesk."))
        }
        _ => error.into(),
    })?;
    if let Some(contacts) = contacts {
        contact::Entity::delete_many().filter(contact::Column::ClientId.eq(row.id)).exec(&tx).await?;
        if !contacts.is_empty() {
            contact::Entity::insert_many(contacts).exec_without_returning(&tx).await?;
        }
    }
    tx.commit().await?;
    Ok(saved)
}

/// Keeps what clients, or sites of theirs, were called until now, for texts that still say so.
pub(crate) async fn remember_names(db: &impl ConnectionTrait, names: Vec<(ClientId, String)>) -> Result<()> {
    let rows = names.into_iter().map(|(client_id, name)| former_name::Model { client_id, name }.into_active_model());
    let once = OnConflict::columns([former_name::Column::ClientId, former_name::Column::Name]).do_nothing().to_owned();
    former_name::Entity::insert_many(rows).on_conflict(once).exec_without_returning(db).await?;
    Ok(())
}

/// The rows for contacts as given. One that is `known` under the same address is still the same person, and stays linked to the directory.
fn checked_contacts(ctx: &Ctx, client: ClientId, contacts: &[NewContact], known: &[contact::Model]) -> Result<Vec<contact::ActiveModel>> {
    let emails = contacts.iter().map(|contact| validate::email("contacts.email", &contact.email)).collect::<Result<Vec<_>>>()?;
    let distinct: Vec<&str> = validate::list("contacts", &emails.iter().map(String::as_str).collect::<Vec<_>>())?;
    if distinct.len() < emails.len() {
        return Err(Error::invalid("contacts.email", "Two contacts have the same e-mail address."));
    }
    let row = |(contact, email): (&NewContact, &String)| {
        let there = known.iter().find(|known| known.email == *email);
        Ok(contact::ActiveModel {
            id: Set(there.map_or_else(|| ContactId(ctx.ids.uuid(ctx.now())), |known| known.id)),
            client_id: Set(client),
            name: Set(validate::name("contacts.name", &contact.name)?),
            email: Set(email.clone()),
            kind: Set(contact.kind),
            zendesk_user_id: Set(there.and_then(|known| known.zendesk_user_id.clone())),
            zendesk_seen_at: Set(there.and_then(|known| known.zendesk_seen_at)),
        })
    };
    contacts.iter().zip(&emails).map(row).collect()
}

/// The site `id`.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn find_site(ctx: &Ctx, id: SiteId) -> Result<site::Model> {
    site::Entity::find_by_id(id).one(ctx.db.read()).await?.ok_or(Error::NotFound("site"))
}

/// The client `id`.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn find_client(ctx: &Ctx, id: ClientId) -> Result<client::Model> {
    client::Entity::find_by_id(id).one(ctx.db.read()).await?.ok_or(Error::NotFound("client"))
}

/// `ids` without duplicates, all of existing sites.
///
/// # Errors
/// `BAD_USER_INPUT` on `field` if a site does not exist.
pub async fn existing_sites(ctx: &Ctx, field: &'static str, ids: &[SiteId]) -> Result<Vec<SiteId>> {
    let ids = validate::list(field, ids)?;
    if ids.is_empty() {
        return Ok(ids);
    }
    let found = sites_by_ids(ctx, &ids).await?;
    match ids.iter().find(|id| !found.iter().any(|site| site.id == **id)) {
        Some(missing) => Err(Error::invalid(field, format!("{field} names {missing}, which is not a site."))),
        None => Ok(ids),
    }
}

/// The clients `ids`, all of which exist.
///
/// # Errors
/// `BAD_USER_INPUT` on `field` if a client does not exist.
pub async fn existing_clients(ctx: &Ctx, field: &'static str, ids: &[ClientId]) -> Result<Vec<client::Model>> {
    let ids = validate::list(field, ids)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = clients_by_ids(ctx, &ids).await?;
    match ids.iter().find(|id| !found.iter().any(|client| client.id == **id)) {
        Some(missing) => Err(Error::invalid(field, format!("{field} names {missing}, which is not a client."))),
        None => Ok(found),
    }
}

/// The sites among `ids` that exist.
pub async fn sites_by_ids(ctx: &Ctx, ids: &[SiteId]) -> Result<Vec<site::Model>> {
    Ok(site::Entity::find().filter(site::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}

/// The clients among `ids` that exist.
pub async fn clients_by_ids(ctx: &Ctx, ids: &[ClientId]) -> Result<Vec<client::Model>> {
    Ok(client::Entity::find().filter(client::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}

/// The contacts of `clients`, senior ones first, then by name.
pub async fn contacts_of(ctx: &Ctx, clients: &[ClientId]) -> Result<Vec<contact::Model>> {
    let select = contact::Entity::find().filter(contact::Column::ClientId.is_in(padded(clients)));
    Ok(select.order_by_desc(contact::Column::Kind).order_by_asc(contact::Column::Name).all(ctx.db.read()).await?)
}

/// As [`contacts_of`], to be shown to the caller.
pub async fn show_contacts_of(ctx: &Ctx, clients: &[ClientId]) -> Result<Vec<contact::Model>> {
    let contacts = contacts_of(ctx, clients).await?;
    saw(ctx, &contacts).await?;
    Ok(contacts)
}

/// The contacts among `ids` that exist, to be shown to the caller.
pub async fn show_contacts_by_ids(ctx: &Ctx, ids: &[ContactId]) -> Result<Vec<contact::Model>> {
    let contacts = contact::Entity::find().filter(contact::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    saw(ctx, &contacts).await?;
    Ok(contacts)
}

async fn saw(ctx: &Ctx, contacts: &[contact::Model]) -> Result<()> {
    let clients: BTreeSet<ClientId> = contacts.iter().map(|contact| contact.client_id).collect();
    audit::saw(ctx, AuditAction::ContactsSeen, clients).await
}

/// A page of the clients whose name contains `text`, by name.
pub async fn clients(ctx: &Ctx, text: Option<&str>, window: &Window<NameKey>) -> Result<Slice<client::Model>> {
    use client::Column;
    let select =
        client::Entity::find().filter(Condition::all().add_option(text.map(|text| contains(ctx.db.backend(), Column::Name, text))));
    let rows = by_name(select, Column::Name, Column::Id, window).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}
