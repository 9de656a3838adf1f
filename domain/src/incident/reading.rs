//! Whether all that one request reads of an incident is of the version that it shows.
//!
//! Each statement sees what is there at its own moment, so rows next to an incident may be newer than the incident. A query reads all the same without
//! a transaction, because next to nothing ever changes meanwhile, and notes which versions it has seen. At its end it asks once whether those stand of
//! which it shows more than their row ([`stands`]). If so, they were there all the while ([`super::kept`] says why), and what was read is kept. If
//! not, the query is to be made again [`in_snapshot`].
//!
//! What may be newer than its version all the same: the answer to a mutation and what a subscription sends, as they can't be made again and tell of a
//! change; a query that waited for something slow ([`Ctx::waits`]), as nobody is to wait with a transaction open; and one that found so many snapshots open
//! that it would have had to wait for long.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use entity::{IncidentId, Timestamp, incident};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::kept::{Names, Part, Version, Weighed, incidents};
use super::names::MARK;
use super::seen::{Reading, Seen, Unproved};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;

/// The same call, which notes what it sees.
pub fn as_it_comes(mut ctx: Ctx) -> Ctx {
    ctx.reading = Some(Arc::new(Reading::AsItComes(Mutex::default())));
    ctx
}

/// The same call, which sees what is there when it first reads, whatever is written meanwhile. `None` if no connection can be had for that.
pub async fn in_snapshot(mut ctx: Ctx) -> Option<Ctx> {
    let snapshot = ctx.db.snapshot().await;
    ctx.db = Arc::new(snapshot.inspect_err(|error| tracing::warn!(%error, "no snapshot could be had")).ok().flatten()?);
    ctx.reading = Some(Arc::new(Reading::AtOnce));
    Some(ctx)
}

/// What the call has seen so far, if it notes that.
fn seen(ctx: &Ctx) -> Option<MutexGuard<'_, Seen>> {
    ctx.reading.as_deref()?.seen()
}

/// Notes that the call has seen the rows of these incidents.
pub(super) fn note_all<R: Borrow<incident::Model>>(ctx: &Ctx, rows: &[R]) {
    let Some(mut seen) = seen(ctx) else { return };
    for version in rows.iter().map(|row| Version::from(row.borrow())) {
        let before = seen.versions.insert(version.incident, version);
        seen.is_torn |= before.is_some_and(|before| before != version);
    }
}

/// Notes that the call shows more of this version than its row, whether or not it can be kept.
pub fn note_beside(ctx: &Ctx, version: Version) {
    if let Some(mut seen) = seen(ctx) {
        seen.beside.entry(version).or_default();
    }
}

/// Keeps what was read of a version, with these names in it, once it is proved to be of that.
pub fn keep_later<T: Weighed>(ctx: &Ctx, version: Version, names: Option<Names>, part: Part, content: Arc<T>) {
    if let Some(mut seen) = seen(ctx) {
        seen.beside.entry(version).or_default().push(Unproved::new(version, names, part, content));
    } else if matches!(ctx.reading.as_deref(), Some(Reading::AtOnce)) {
        ctx.kept.keep(version, part, content);
    }
}

/// Keeps what was read since these versions were, of those that still stand. A call that notes what it sees does so at its end.
pub(crate) async fn keep<T: Weighed>(ctx: &Ctx, read: Vec<(Version, Part, Arc<T>)>) -> Result<()> {
    if ctx.reading.is_some() {
        for (version, part, content) in read {
            keep_later(ctx, version, None, part, content);
        }
    } else if ctx.kept.is_on() {
        let mut beside: HashMap<Version, Vec<Unproved>> = HashMap::new();
        for (version, part, content) in read {
            beside.entry(version).or_default().push(Unproved::new(version, None, part, content));
        }
        keep_standing(ctx, beside).await?;
    }
    Ok(())
}

/// Whether what the call shows can be answered: all of an incident is of one version, or it can't be made again, or that can't be told. Keeps what
/// is proved.
pub async fn stands(ctx: &Ctx) -> bool {
    let Some(seen) = seen(ctx).map(|mut seen| std::mem::take(&mut *seen)) else { return true };
    let Seen { beside, is_torn, has_waited, .. } = seen;
    let is_of_one_version = match keep_standing(ctx, beside).await {
        Ok(all_stand) => all_stand && !is_torn,
        Err(error) => {
            error.log("whether what was shown is of one version can't be told");
            true
        }
    };
    is_of_one_version || has_waited
}

/// Keeps what is proved of what the call has read. The call itself can't be made again.
pub async fn keep_what_stands(ctx: &Ctx) {
    let Some(mut beside) = seen(ctx).filter(|_| ctx.kept.is_on()).map(|mut seen| std::mem::take(&mut seen.beside)) else { return };
    beside.retain(|_, unproved| !unproved.is_empty());
    // What could not be proved is read again by whoever wants it.
    let _ = keep_standing(ctx, beside).await;
}

/// Whether all of these versions still stand. Keeps what was read of those that do.
async fn keep_standing(ctx: &Ctx, beside: HashMap<Version, Vec<Unproved>>) -> Result<bool> {
    let versions: Vec<Version> = beside.keys().copied().collect();
    let standing = standing(ctx, &versions).await?;
    for (version, unproved) in beside {
        let Some(now) = standing.get(&version) else { continue };
        for Unproved { keep, .. } in unproved.into_iter().filter(|unproved| unproved.names.is_none() || unproved.names == *now) {
            keep(&ctx.kept);
        }
    }
    Ok(standing.len() == versions.len())
}

/// Those of `versions` that their incidents still have, with the names as they are then. What was read since these versions were is theirs
/// ([`super::kept`] says why), but only if this is asked afterwards. What has names in it that were read since the same mark was there is right for
/// that mark.
async fn standing(ctx: &Ctx, versions: &[Version]) -> Result<HashMap<Version, Option<Names>>> {
    use incident::Column::{ChangedAt, Id, Version as Number};
    if versions.is_empty() {
        return Ok(HashMap::new());
    }
    let select = incident::Entity::find().select_only().columns([Id, Number, ChangedAt]).expr(Expr::cust(MARK));
    let select = select.filter(Id.is_in(padded(&incidents(versions))));
    let now = select.into_tuple::<(IncidentId, i32, Timestamp, Option<Uuid>)>().all(ctx.db.read()).await?.into_iter();
    let now: HashMap<Version, Option<Names>> =
        now.map(|(incident, number, changed_at, mark)| (Version { incident, number, changed_at }, mark.map(Names))).collect();
    Ok(versions.iter().filter_map(|version| Some((*version, *now.get(version)?))).collect())
}
