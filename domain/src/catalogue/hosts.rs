//! By which hosts sites are found: a table that is made again whenever an address of a site changes, and is asked once for many addresses.

use std::collections::BTreeSet;

use entity::{SiteId, site, site_host};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::fields;
use super::matching::{Address, Reach, addresses_in, sites_at};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;
use crate::sql::padded;

/// Rows that are written at once.
const AT_ONCE: usize = 500;

/// Writes by which hosts these sites are found, in place of what was there.
pub(crate) async fn write_hosts<'a, C: ConnectionTrait>(db: &C, sites: impl IntoIterator<Item = &'a site::Model>) -> Result<()> {
    let sites: Vec<&site::Model> = sites.into_iter().collect();
    for some in sites.chunks(AT_ONCE) {
        let ids: Vec<SiteId> = some.iter().map(|site| site.id).collect();
        site_host::Entity::delete_many().filter(site_host::Column::SiteId.is_in(padded(&ids))).exec(db).await?;
    }
    let rows: Vec<site_host::Model> = sites.into_iter().flat_map(rows_of).collect();
    for some in rows.chunks(AT_ONCE) {
        let rows = some.iter().cloned().map(IntoActiveModel::into_active_model);
        site_host::Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn rows_of(site: &site::Model) -> impl Iterator<Item = site_host::Model> {
    let texts = site.url.as_deref().into_iter().chain(fields::hosts(site.hosts.as_deref()));
    let addresses: BTreeSet<Address> = texts.filter_map(Address::read).collect();
    let site_id = site.id;
    addresses.into_iter().map(move |Address { host, port, path }| site_host::Model { site_id, host, port: port.map_or(0, i32::from), path })
}

/// The sites that the team looks after on the hosts of `addresses` and on the parents of these, each with where it is. One statement,
/// however many there are.
pub(crate) async fn known_at(ctx: &Ctx, addresses: &[Address]) -> Result<Vec<(SiteId, Address)>> {
    let hosts: BTreeSet<&str> = addresses.iter().flat_map(Address::suffixes).collect();
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let hosts: Vec<&str> = hosts.into_iter().take(limits::HOSTS_AT_ONCE).collect();
    let present = site::Entity::find().select_only().column(site::Column::Id).filter(site::Column::GoneAt.is_null()).into_query();
    let rows = site_host::Entity::find()
        .filter(site_host::Column::Host.is_in(padded(&hosts)))
        .filter(site_host::Column::SiteId.in_subquery(present))
        .order_by_asc(site_host::Column::SiteId);
    let site = |row: site_host::Model| {
        (row.site_id, Address { host: row.host, port: u16::try_from(row.port).ok().filter(|port| *port != 0), path: row.path })
    };
    Ok(rows.all(ctx.db.read()).await?.into_iter().map(site).collect())
}

/// The sites whose addresses people wrote down (R4), at most as many as a list may have.
pub(crate) async fn named_in(ctx: &Ctx, texts: &[Option<&str>]) -> Result<Vec<SiteId>> {
    let addresses: Vec<Address> = texts.iter().flatten().flat_map(|text| addresses_in(text)).collect();
    let mut sites = sites_at(&addresses, &known_at(ctx, &addresses).await?, Reach::Parent);
    sites.truncate(limits::LIST_ITEMS);
    Ok(sites)
}
