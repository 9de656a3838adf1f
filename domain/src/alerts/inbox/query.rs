//! What was posted, for administrators: a body may tell of restricted incidents, whose existence others may not know.

use std::collections::HashMap;

use entity::alert_post::Column;
use entity::{AlertPostId, AlertPostOutcome, Timestamp, alert_post, alert_post_body};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};

use super::pack::unpacked;
use crate::audit::restricted;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{Slice, Window};
use crate::error::{Error, Result};
use crate::sql::padded;
use crate::validate;

/// Which posts. What is not given does not restrict.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Posted to this hook: `alertmanager`, `alerts` or `alerts/NAME`.
    pub hook: Option<String>,
    /// Of this source.
    pub source: Option<String>,
    /// Of which this came.
    pub outcome: Option<AlertPostOutcome>,
    /// Then or later.
    pub since: Option<Timestamp>,
}

impl Filter {
    /// The posts that pass.
    pub(super) fn select(&self) -> Select<alert_post::Entity> {
        let mut select = alert_post::Entity::find();
        if let Some(hook) = &self.hook {
            select = select.filter(Column::Hook.eq(storable(hook)));
        }
        if let Some(source) = &self.source {
            select = select.filter(Column::Source.eq(storable(source)));
        }
        if let Some(outcome) = self.outcome {
            select = select.filter(Column::Outcome.eq(outcome));
        }
        if let Some(since) = self.since {
            select = select.filter(Column::ReceivedAt.gte(validate::storable(since)));
        }
        select
    }
}

/// What PostgreSQL does not refuse to look for.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A page of what was posted, newest first.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn posts(ctx: &Ctx, filter: &Filter, window: &Window<AlertPostId>) -> Result<Slice<alert_post::Model>> {
    ctx.require(Right::Administer)?;
    let mut select = filter.select();
    if let Some(after) = window.after {
        select = select.filter(Column::Id.lt(after));
    }
    if let Some(before) = window.before {
        select = select.filter(Column::Id.gt(before));
    }
    let direction = if window.backwards { Order::Asc } else { Order::Desc };
    let rows = select.order_by(Column::Id, direction).limit(window.rows()).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// The posts among `ids` that exist.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn by_ids(ctx: &Ctx, ids: &[AlertPostId]) -> Result<Vec<alert_post::Model>> {
    ctx.require(Right::Administer)?;
    Ok(alert_post::Entity::find().filter(Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}

/// The post `id`.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn find(ctx: &Ctx, id: AlertPostId) -> Result<alert_post::Model> {
    by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("post"))
}

/// What is kept of the bodies of these posts. Of a restricted incident, reading it is an entry of the audit log, as reading the incident is.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn bodies(ctx: &Ctx, ids: &[AlertPostId]) -> Result<HashMap<AlertPostId, Vec<u8>>> {
    ctx.require(Right::Administer)?;
    let theirs = alert_post_body::Column::Id.is_in(padded(ids));
    let (posts, stored) = tokio::try_join!(by_ids(ctx, ids), async {
        Ok::<_, Error>(alert_post_body::Entity::find().filter(theirs).all(ctx.db.read()).await?)
    })?;
    restricted::saw(ctx, posts.into_iter().filter_map(|post| post.incident_id)).await?;
    stored.into_iter().map(|row| Ok((row.id, unpacked(&row.body)?))).collect()
}

/// A post that can be read again.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What is known of it.
    pub post: alert_post::Model,
    /// All of its body, but for secrets.
    pub body: Vec<u8>,
}

impl Kept {
    /// Its headers that count when it is read.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.post.headers.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }
}

/// The post `id`, to be read again.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`, `FAILED_PRECONDITION` if only its beginning is kept.
pub async fn kept(ctx: &Ctx, id: AlertPostId) -> Result<Kept> {
    let post = find(ctx, id).await?;
    if !post.is_whole {
        return Err(Error::precondition("Only the beginning of this body is kept, because it was too large: it can't be read again."));
    }
    let body = bodies(ctx, &[id]).await?.remove(&id).ok_or(Error::NotFound("post"))?;
    Ok(Kept { post, body })
}
