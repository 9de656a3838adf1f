//! The catalogue as a file that can be imported again: who is gone is left out.

use entity::{client, site};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::listing::{cells, header};
use super::sites::entries;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::people::access::VISITING;
use crate::sheet::Sheet;

/// All sites that the team looks after, by name.
///
/// # Errors
/// `FORBIDDEN`, also for who came for one incident only.
pub async fn csv(ctx: &Ctx) -> Result<Vec<u8>> {
    ctx.require(Right::Read)?;
    if ctx.actor.only().is_some() {
        return Err(Error::Forbidden(VISITING.to_owned()));
    }
    let sites = site::Entity::find().filter(site::Column::GoneAt.is_null()).order_by_asc(site::Column::Name).order_by_asc(site::Column::Id);
    let (sites, clients) = tokio::try_join!(sites.all(ctx.db.read()), client::Entity::find().all(ctx.db.read()))?;
    let mut list = Sheet::new(&header())?;
    for entry in entries(sites, &clients) {
        list.line(&cells(&entry))?;
    }
    list.finish()
}
