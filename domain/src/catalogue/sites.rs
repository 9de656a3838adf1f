//! Sites as people find and save them.

use std::collections::BTreeMap;

use entity::{ClientId, Environment, Importance, Origin, SiteField, SiteId, client, site};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::fields::{self, Entry, NO, YES, checked, link_text};
use super::hosts::{known_at, write_hosts};
use super::matching::{Address, Reach, sites_at};
use super::merge::{Values, merge, note, release};
use super::{existing_clients, remember_names};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Slice, Window};
use crate::error::{Error, Result};
use crate::sql::{by_name, contains, padded, save};
use crate::validate::{self, Edit};

/// Input of [`save_site`]: for an existing site, omitted fields stay as they are; blank texts empty theirs.
#[derive(Default)]
pub struct SaveSite {
    /// The site to change; a new one is created if omitted.
    pub id: Option<SiteId>,
    /// Display name.
    pub name: String,
    /// Its address.
    pub url: Edit<String>,
    /// All hosts where it is as well, with port and path where they matter.
    pub hosts: Option<Vec<String>>,
    /// What it is for.
    pub environment: Edit<Environment>,
    /// Where it runs, and with whom.
    pub hosting: Edit<String>,
    /// Where its code is.
    pub repository: Edit<String>,
    /// The client it belongs to.
    pub client_id: Edit<ClientId>,
    /// Address of the instructions for when it breaks.
    pub runbook: Edit<String>,
    /// All links to its tools: label and address.
    pub tooling: Option<Vec<(String, String)>>,
    /// How important it is.
    pub importance: Option<Importance>,
    /// What is normal there (R3).
    pub expected: Edit<String>,
    /// Whether it is attacked all the time (R3).
    pub routinely_attacked: Option<bool>,
    /// When people rely on it most, as [`super::busy::BusyHours`] reads it (R3).
    pub busy_hours: Edit<String>,
    /// When nothing may be deployed there, as [`super::freeze::CodeFreeze`] reads it.
    pub code_freeze: Edit<String>,
    /// Whether the team no longer looks after it.
    pub is_gone: Option<bool>,
    /// Fields that were set by hand and that sources may set again.
    pub leave_to_imports: Vec<SiteField>,
}

impl SaveSite {
    /// What it says, but for the client.
    fn values(&self) -> Result<Values> {
        let mut values = Values::from([(SiteField::Name, validate::name("name", &self.name)?)]);
        let texts = [
            (SiteField::Url, &self.url),
            (SiteField::Hosting, &self.hosting),
            (SiteField::Repository, &self.repository),
            (SiteField::Runbook, &self.runbook),
            (SiteField::Expected, &self.expected),
            (SiteField::BusyHours, &self.busy_hours),
            (SiteField::CodeFreeze, &self.code_freeze),
        ];
        for (field, edit) in texts {
            if let Some(text) = edit {
                values.insert(field, checked(field, text.as_deref().unwrap_or_default())?);
            }
        }
        if let Some(hosts) = &self.hosts {
            validate::at_most("hosts", hosts.len())?;
            values.insert(SiteField::Hosts, checked(SiteField::Hosts, &hosts.join(" "))?);
        }
        if let Some(links) = &self.tooling {
            validate::at_most("tooling", links.len())?;
            let links = links.iter().map(|(label, url)| link_text(label, url)).collect::<Result<Vec<_>>>()?;
            values.insert(SiteField::Tooling, checked(SiteField::Tooling, &links.join("\n"))?);
        }
        if let Some(environment) = self.environment {
            values.insert(SiteField::Environment, environment.map(|tier| tier.to_string()).unwrap_or_default());
        }
        if let Some(importance) = self.importance {
            values.insert(SiteField::Importance, importance.to_string());
        }
        for (field, is) in [(SiteField::RoutinelyAttacked, self.routinely_attacked), (SiteField::Gone, self.is_gone)] {
            if let Some(is) = is {
                values.insert(field, if is { YES } else { NO }.to_owned());
            }
        }
        Ok(values)
    }
}

/// Adds or changes a site, by hand: what changes stays as it is when a source says something else.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`.
pub async fn save_site(ctx: &Ctx, input: SaveSite) -> Result<site::Model> {
    ctx.require(Right::Respond)?;
    let values = input.values()?;
    if let Some(Some(client)) = input.client_id {
        existing_clients(ctx, "clientId", &[client]).await?;
    }
    let now = ctx.now();
    let tx = ctx.db.begin().await?;
    turn(ctx, &tx, Turn::WithOthers).await?;
    let before = match input.id {
        Some(id) => Some(locked(&tx, id).await?),
        None => None,
    };
    let site = before.clone().unwrap_or_else(|| fields::blank(SiteId(ctx.ids.uuid(now)), now));
    // The client goes by its id, because clients may have the same name.
    let client = site.client_id.map(|client| client.to_string());
    let mut entry = merge(&Entry { site, client }, &values, Origin::Hand, now).entry;
    if let Some(client) = input.client_id.filter(|client| *client != entry.site.client_id) {
        entry.site.client_id = client;
        entry.client = client.map(|client| client.to_string());
        note(&mut entry.site, SiteField::Client, entry.client.as_deref().unwrap_or_default(), Origin::Hand, now);
    }
    release(&mut entry, &input.leave_to_imports);
    let site = entry.site;
    if let Some(before) = before.as_ref().filter(|before| before.name != site.name)
        && let Some(client) = before.client_id
    {
        remember_names(&tx, vec![(client, before.name.clone())]).await?;
    }
    let is_elsewhere = before.as_ref().is_none_or(|before| before.url != site.url || before.hosts != site.hosts);
    let saved = save::<site::Entity, _>(&tx, before, site).await?;
    if is_elsewhere {
        write_hosts(&tx, [&saved]).await?;
    }
    tx.commit().await?;
    Ok(saved)
}

/// Who may write sites at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Others write other sites.
    WithOthers,
    /// Nobody else adds or changes any.
    Alone,
}

/// Waits for its turn to write sites, before any of them is read or locked. On SQLite, whoever may write is alone.
pub(super) async fn turn(ctx: &Ctx, tx: &DatabaseTransaction, turn: Turn) -> Result<()> {
    if ctx.db.backend() == DbBackend::Postgres {
        tx.execute_unprepared(match turn {
            Turn::WithOthers => "LOCK TABLE site IN ROW EXCLUSIVE MODE",
            Turn::Alone => "LOCK TABLE site IN SHARE ROW EXCLUSIVE MODE",
        })
        .await?;
    }
    Ok(())
}

/// The site, which nobody else changes until the transaction ends.
async fn locked(tx: &DatabaseTransaction, id: SiteId) -> Result<site::Model> {
    site::Entity::find_by_id(id).lock_exclusive().one(tx).await?.ok_or(Error::NotFound("site"))
}

/// Which sites are asked for. Those that the team no longer looks after are only found if it is they who are.
#[derive(Clone, Debug, Default)]
pub struct SiteFilter {
    /// Part of a name, an address or a host; a whole address finds the site that it belongs to.
    pub text: Option<String>,
    /// Whose they are.
    pub client_id: Option<ClientId>,
    /// What they are for.
    pub environment: Option<Environment>,
    /// Whether the team no longer looks after them.
    pub is_gone: bool,
}

/// A page of the sites that pass the filter, by name.
pub async fn sites(ctx: &Ctx, filter: &SiteFilter, window: &Window<NameKey>) -> Result<Slice<site::Model>> {
    use site::Column;
    let wanted = match &filter.text {
        Some(text) => {
            let has = |column| contains(ctx.db.backend(), column, text);
            let there = at(ctx, text).await?;
            let by_address = (!there.is_empty()).then(|| Column::Id.is_in(there));
            Some(Condition::any().add(has(Column::Name)).add(has(Column::Url)).add(has(Column::Hosts)).add_option(by_address))
        }
        None => None,
    };
    let present = if filter.is_gone { Column::GoneAt.is_not_null() } else { Column::GoneAt.is_null() };
    let condition = Condition::all()
        .add(present)
        .add_option(wanted)
        .add_option(filter.client_id.map(|client| Column::ClientId.eq(client)))
        .add_option(filter.environment.map(|environment| Column::Environment.eq(environment)));
    let rows = by_name(site::Entity::find().filter(condition), Column::Name, Column::Id, window).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// The sites that an address which somebody typed belongs to.
async fn at(ctx: &Ctx, text: &str) -> Result<Vec<SiteId>> {
    let address = Address::read(text).filter(|address| address.host.contains(['.', ':']));
    let addresses: Vec<Address> = address.into_iter().collect();
    Ok(sites_at(&addresses, &known_at(ctx, &addresses).await?, Reach::Parent))
}

/// The sites of `clients` that the team looks after, by name.
pub async fn sites_of(ctx: &Ctx, clients: &[ClientId]) -> Result<Vec<site::Model>> {
    let select = site::Entity::find().filter(site::Column::ClientId.is_in(padded(clients))).filter(site::Column::GoneAt.is_null());
    Ok(select.order_by_asc(site::Column::Name).all(ctx.db.read()).await?)
}

/// The sites with the names of their clients.
pub(super) fn entries(sites: Vec<site::Model>, clients: &[client::Model]) -> Vec<Entry> {
    let names: BTreeMap<ClientId, &String> = clients.iter().map(|client| (client.id, &client.name)).collect();
    let entry = |site: site::Model| {
        let client = site.client_id.and_then(|id| names.get(&id)).map(|name| (*name).clone());
        Entry { site, client }
    };
    sites.into_iter().map(entry).collect()
}
