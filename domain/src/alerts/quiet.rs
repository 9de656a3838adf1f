//! Quiet windows: times in which the alerts of some sites, or of a source, are recorded and not reported, because people work there and
//! know that it will look as if it were down.
//!
//! People add and end them. What fires when one is over is heard again ([`super::again`]), so nothing is lost by them. They are rows that
//! stay, as a record of when nobody was to be told.

use std::collections::HashMap;

use entity::{AuditAction, QuietWindowId, SiteId, Timestamp, quiet_window, quiet_window_site};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, Set};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::catalogue::existing_sites;
use crate::ctx::Ctx;
use crate::error::{Error, Result, readable};
use crate::playbook::folded;
use crate::sql::{padded, save};
use crate::{limits, validate};

/// A quiet window, with its sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietWindow {
    /// When, why, and by whom.
    pub row: quiet_window::Model,
    /// The sites that are quiet; none if it is about a source.
    pub sites: Vec<SiteId>,
}

impl QuietWindow {
    /// Whether it is on at a moment.
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.row.starts_at <= at && at < self.row.ends_at
    }
}

/// Input of [`add`].
pub struct AddQuietWindow {
    /// The sites that are quiet.
    pub sites: Vec<SiteId>,
    /// The source that is quiet, instead of sites.
    pub source: Option<String>,
    /// When it begins; now, if omitted.
    pub starts_at: Option<Timestamp>,
    /// When it is over.
    pub ends_at: Timestamp,
    /// Why, for people.
    pub why: String,
}

/// Adds a quiet window.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`; `FAILED_PRECONDITION` if there are as many as may be.
pub async fn add(ctx: &Ctx, input: AddQuietWindow) -> Result<QuietWindow> {
    ctx.require(Right::Respond)?;
    let now = ctx.now();
    let sites = existing_sites(ctx, "siteIds", &input.sites).await?;
    let source = input.source.filter(|source| !source.trim().is_empty()).map(|source| validate::name("source", &source)).transpose()?;
    if sites.is_empty() != source.is_some() {
        return Err(Error::invalid("siteIds", "Name the sites that are quiet, or one source, and not both."));
    }
    let (starts_at, ends_at) = span(input.starts_at, input.ends_at, now)?;
    let id = QuietWindowId(ctx.ids.uuid(now));
    let row = quiet_window::Model {
        id,
        source,
        why: validate::name("why", &input.why)?,
        starts_at,
        ends_at,
        created_at: now,
        added_by_id: ctx.actor.person_id(),
        ended_by_id: None,
    };
    let tx = ctx.db.begin().await?;
    if quiet_window::Entity::find().filter(quiet_window::Column::EndsAt.gt(now)).count(&tx).await? >= limits::QUIET_WINDOWS {
        let most = limits::QUIET_WINDOWS;
        return Err(Error::precondition(format!("There are {most} quiet windows already, and no more are possible: end one first.")));
    }
    let row = save::<quiet_window::Entity, _>(&tx, None, row).await?;
    if !sites.is_empty() {
        let rows = sites.iter().map(|site| quiet_window_site::Model { window_id: id, site_id: *site }.into_active_model());
        quiet_window_site::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    let window = QuietWindow { row, sites };
    audit::append(ctx, &tx, vec![entry(AuditAction::QuietWindowAdded, &window)]).await?;
    tx.commit().await?;
    Ok(window)
}

/// When a window is on: from now on at the earliest, and not for ever.
fn span(starts_at: Option<Timestamp>, ends_at: Timestamp, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
    let starts_at = match starts_at {
        Some(at) if at < now - limits::CLOCK_SKEW => {
            return Err(Error::invalid(
                "startsAt",
                format!("startsAt has passed: it is {} here. Leave it out to begin now.", readable(now)),
            ));
        }
        Some(at) if at > now => validate::future("startsAt", at, now, limits::QUIET_WINDOW_AHEAD)?,
        Some(_) | None => now,
    };
    if ends_at <= starts_at {
        return Err(Error::invalid("endsAt", "endsAt must be after startsAt, and in the future."));
    }
    Ok((starts_at, validate::future("endsAt", ends_at, starts_at, limits::QUIET_WINDOW)?))
}

/// Ends a window before its time, or calls it off. What fires is heard again. One that is over stays as it is.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn end(ctx: &Ctx, id: QuietWindowId) -> Result<QuietWindow> {
    ctx.require(Right::Respond)?;
    let now = ctx.now();
    let QuietWindow { row, sites } = by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("quiet window"))?;
    if row.ends_at <= now {
        return Ok(QuietWindow { row, sites });
    }
    let ended = quiet_window::Model { ends_at: now, ended_by_id: ctx.actor.person_id(), ..row };
    let change = quiet_window::ActiveModel { ends_at: Set(now), ended_by_id: Set(ended.ended_by_id), ..Default::default() };
    let tx = ctx.db.begin().await?;
    let still_on = quiet_window::Column::Id.eq(id).and(quiet_window::Column::EndsAt.gt(now));
    let done = quiet_window::Entity::update_many().set(change).filter(still_on).exec(&tx).await?;
    let window = QuietWindow { row: ended, sites };
    if done.rows_affected > 0 {
        audit::append(ctx, &tx, vec![entry(AuditAction::QuietWindowEnded, &window)]).await?;
    }
    tx.commit().await?;
    Ok(window)
}

fn entry(action: AuditAction, QuietWindow { row, sites }: &QuietWindow) -> Entry {
    let sites: Vec<String> = sites.iter().map(ToString::to_string).collect();
    let details = json!({ "source": row.source, "sites": sites, "from": readable(row.starts_at), "until": readable(row.ends_at) });
    Entry::new(action).about(row.id).details(details)
}

/// The windows that are on or to come, in the order in which they begin.
pub async fn ahead(ctx: &Ctx) -> Result<Vec<QuietWindow>> {
    with_sites(ctx, found(ctx, quiet_window::Column::EndsAt.gt(ctx.now())).await?).await
}

/// The windows among `ids` that exist.
pub async fn by_ids(ctx: &Ctx, ids: &[QuietWindowId]) -> Result<Vec<QuietWindow>> {
    with_sites(ctx, found(ctx, quiet_window::Column::Id.is_in(padded(ids))).await?).await
}

/// The windows of `sites` that are on or to come, each with its site, in the order in which they begin.
pub async fn of_sites(ctx: &Ctx, sites: &[SiteId]) -> Result<Vec<(SiteId, QuietWindow)>> {
    let mut pairs = Vec::new();
    for window in ahead(ctx).await? {
        let theirs: Vec<SiteId> = sites.iter().copied().filter(|site| window.sites.contains(site)).collect();
        pairs.extend(theirs.into_iter().map(|site| (site, window.clone())));
    }
    Ok(pairs)
}

/// The windows that are on at a moment and concern what `source` sends: its own, by its name in any case as rules name it, and those of sites.
pub(super) async fn on_at(ctx: &Ctx, source: &str, at: Timestamp) -> Result<Vec<QuietWindow>> {
    use quiet_window::Column;
    let mut on = found(ctx, Column::StartsAt.lte(at).and(Column::EndsAt.gt(at))).await?;
    on.retain(|row| row.source.as_deref().is_none_or(|quiet| folded(quiet) == folded(source)));
    with_sites(ctx, on).await
}

async fn found(ctx: &Ctx, which: Expr) -> Result<Vec<quiet_window::Model>> {
    let select = quiet_window::Entity::find().filter(which);
    let ordered = select.order_by_asc(quiet_window::Column::StartsAt).order_by_asc(quiet_window::Column::Id);
    Ok(ordered.all(ctx.db.read()).await?)
}

async fn with_sites(ctx: &Ctx, rows: Vec<quiet_window::Model>) -> Result<Vec<QuietWindow>> {
    let of_sites: Vec<QuietWindowId> = rows.iter().filter(|row| row.source.is_none()).map(|row| row.id).collect();
    let mut sites: HashMap<QuietWindowId, Vec<SiteId>> = HashMap::new();
    if !of_sites.is_empty() {
        let select = quiet_window_site::Entity::find().filter(quiet_window_site::Column::WindowId.is_in(padded(&of_sites)));
        for row in select.order_by_asc(quiet_window_site::Column::SiteId).all(ctx.db.read()).await? {
            sites.entry(row.window_id).or_default().push(row.site_id);
        }
    }
    let window = |row: quiet_window::Model| QuietWindow { sites: sites.remove(&row.id).unwrap_or_default(), row };
    Ok(rows.into_iter().map(window).collect())
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone, Utc};

    use super::*;

    #[test]
    fn a_window_begins_now_or_later_and_does_not_last_for_ever() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 3, 0, 0).unwrap();
        let at = |minutes: i64| now + Duration::minutes(minutes);
        let (most, ahead) = (limits::QUIET_WINDOW, limits::QUIET_WINDOW_AHEAD);
        for (start, end, expected) in [
            (None, at(60), Ok((now, at(60)))),
            (Some(at(-4)), at(60), Ok((now, at(60)))),
            (Some(at(30)), at(60), Ok((at(30), at(60)))),
            (Some(now + ahead), now + ahead + most, Ok((now + ahead, now + ahead + most))),
            (Some(at(-6)), at(60), Err("startsAt")),
            (Some(now + ahead + Duration::seconds(1)), now + ahead + most, Err("startsAt")),
            (None, now, Err("endsAt")),
            (Some(at(30)), at(30), Err("endsAt")),
            (None, now + most + Duration::seconds(1), Err("endsAt")),
        ] {
            let found = span(start, end, now).map_err(|error| error.to_string());
            match expected {
                Ok(expected) => assert_eq!(found, Ok(expected)),
                Err(field) => assert!(found.clone().is_err_and(|why| why.contains(field)), "{start:?} {end}: {found:?}"),
            }
        }
    }
}
