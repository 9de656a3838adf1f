//! Sources of alerts that the settings name: when each was last heard of, and what a silence means.
//!
//! That one was heard of is noted beside its alerts, once a minute ([`is_news`], [`heard`]). With `silent_after` in the settings, its silence
//! is an alarm, which the clockwork raises and ends ([`look`]); without, it is only shown ([`all`]).

use std::collections::HashMap;

use chrono::Duration;
use entity::heard_source::{self, ActiveModel, Column};
use entity::{Severity, SourcePauses, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::alarm::send;
use super::query::require_responder;
use super::{listening, silence};
use crate::alerts::Alarm;
use crate::authz::Right;
use crate::config::WatchedSource;
use crate::ctx::Ctx;
use crate::error::{Result, readable};
use crate::words;

/// A source as people look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSilence {
    /// As the settings name it.
    pub name: String,
    /// What kind of system it is.
    pub kind: String,
    /// To the minute or so.
    pub last_heard_at: Option<Timestamp>,
    /// The longest of its last pauses; nothing before there are enough.
    pub usual_gap: Option<Duration>,
    /// After which silence an alarm is raised.
    pub silent_after: Option<Duration>,
    /// Whether it is silent for longer than it should.
    pub is_silent: bool,
}

/// Whether it is worth noting that something came from the source `name`. Costs no statement.
pub fn is_news(ctx: &Ctx, name: &str) -> bool {
    ctx.config.alert_sources.contains_key(name) && ctx.heard_lately.is_news(name, ctx.now())
}

/// Notes that something came from the source `name`.
pub async fn heard(ctx: &Ctx, name: &str) -> Result<()> {
    ctx.require(Right::Report)?;
    let now = ctx.now();
    let Some(row) = heard_source::Entity::find_by_id(name).one(ctx.db.read()).await? else {
        let pauses = SourcePauses::default();
        let first = heard_source::Model { name: name.to_owned(), last_heard_at: now, pauses, alarm_since: None, is_raised: false };
        let insert = heard_source::Entity::insert(first.into_active_model()).on_conflict_do_nothing_on([Column::Name]);
        insert.exec_without_returning(ctx.db.write()).await?;
        return Ok(());
    };
    let pauses = silence::with(row.pauses, now - row.last_heard_at);
    let heard = ActiveModel { last_heard_at: Set(now), pauses: Set(pauses), ..Default::default() };
    // If another process has just noted the same, that is as good.
    let same = heard_source::Entity::update_many().set(heard).filter(Column::Name.eq(name));
    same.filter(Column::LastHeardAt.eq(row.last_heard_at)).exec(ctx.db.write()).await?;
    Ok(())
}

/// The sources of the settings, by name.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn all(ctx: &Ctx) -> Result<Vec<SourceSilence>> {
    require_responder(ctx)?;
    let now = ctx.now();
    let (rows, up_since) = tokio::try_join!(rows(ctx), listening::up_since(ctx))?;
    let source = |(name, watched): (&String, &WatchedSource)| {
        let row = rows.get(name);
        let quiet = |row: &heard_source::Model| now - quiet_since(row, up_since.unwrap_or(row.last_heard_at));
        SourceSilence {
            name: name.clone(),
            kind: watched.kind.clone(),
            last_heard_at: row.map(|row| row.last_heard_at),
            usual_gap: row.and_then(|row| silence::usual(&row.pauses)),
            silent_after: watched.silent_after,
            is_silent: row.is_some_and(|row| silence::is_unusual(quiet(row), &row.pauses, watched.silent_after)),
        }
    };
    Ok(ctx.config.alert_sources.iter().map(source).collect())
}

async fn rows(ctx: &Ctx) -> Result<HashMap<String, heard_source::Model>> {
    let rows = heard_source::Entity::find().all(ctx.db.read()).await?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
}

/// Since when it can be said to be silent. While Muster was away, nobody could be heard; what is an alarm stays one.
fn quiet_since(row: &heard_source::Model, up_since: Timestamp) -> Timestamp {
    if row.alarm_since.is_some() { row.last_heard_at } else { Ord::max(row.last_heard_at, up_since) }
}

/// Raises and ends the alarms of sources that are silent for longer than the settings say; workers have looked since `up_since`. A source
/// from which nothing ever came is not waited for.
pub(super) async fn look(ctx: &Ctx, up_since: Timestamp) -> Result<()> {
    if ctx.config.alert_sources.is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    for row in rows(ctx).await?.into_values() {
        let since = silent_after(ctx, &row.name).map(|after| quiet_since(&row, up_since) + after).filter(|since| *since <= now);
        match (row.alarm_since, since) {
            (None, Some(since)) => raise(ctx, row, since).await?,
            (Some(since), Some(_)) if !row.is_raised => tell_raised(ctx, &row, since).await?,
            (Some(since), None) => end(ctx, &row, since).await?,
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
    Ok(())
}

fn silent_after(ctx: &Ctx, name: &str) -> Option<Duration> {
    ctx.config.alert_sources.get(name)?.silent_after
}

async fn raise(ctx: &Ctx, row: heard_source::Model, since: Timestamp) -> Result<()> {
    let same = Column::LastHeardAt.eq(row.last_heard_at);
    // Before anybody is told, so that whatever happens next, somebody will tell that it is over.
    let raised = ActiveModel { alarm_since: Set(Some(since)), is_raised: Set(false), ..Default::default() };
    if write(ctx, raised, &row, Some(same)).await? {
        tell_raised(ctx, &heard_source::Model { alarm_since: Some(since), ..row }, since).await?;
    }
    Ok(())
}

async fn tell_raised(ctx: &Ctx, row: &heard_source::Model, since: Timestamp) -> Result<()> {
    let (last, after) = (readable(row.last_heard_at), silent_after(ctx, &row.name).map(words::span).unwrap_or_default());
    let description = format!("It was last heard of at {last}. By the settings, its silence is an alarm after {after}.");
    send(ctx, fingerprint(&row.name), alarm(row, since, None, description)).await?;
    write(ctx, ActiveModel { is_raised: Set(true), ..Default::default() }, row, None).await?;
    Ok(())
}

async fn end(ctx: &Ctx, row: &heard_source::Model, since: Timestamp) -> Result<()> {
    let at = if row.last_heard_at > since { row.last_heard_at } else { ctx.now() };
    let description =
        if row.last_heard_at > since { "It is heard of again." } else { "By the settings, its silence is no alarm any more." };
    send(ctx, fingerprint(&row.name), alarm(row, since, Some(at), description.to_owned())).await?;
    write(ctx, ActiveModel { alarm_since: Set(None), is_raised: Set(false), ..Default::default() }, row, None).await?;
    Ok(())
}

/// Writes a change while the alarm is the one that was read.
async fn write(ctx: &Ctx, change: ActiveModel, row: &heard_source::Model, also: Option<Expr>) -> Result<bool> {
    let mut update = heard_source::Entity::update_many().set(change).filter(Column::Name.eq(&*row.name));
    update = update.filter(Column::AlarmSince.eq(row.alarm_since));
    if let Some(also) = also {
        update = update.filter(also);
    }
    Ok(update.exec(ctx.db.write()).await?.rows_affected == 1)
}

/// Apart from heartbeats, whose names have no colon.
fn fingerprint(name: &str) -> String {
    format!("source:{name}")
}

fn alarm(row: &heard_source::Model, since: Timestamp, over_at: Option<Timestamp>, description: String) -> Alarm {
    Alarm {
        fingerprint: fingerprint(&row.name),
        title: format!("Nothing comes from {}, which posts alerts", row.name),
        description: Some(description),
        firing: over_at.is_none(),
        starts_at: Some(since),
        ends_at: over_at,
        labels: json!({ "labels": { "source": row.name } }),
        links: Vec::new(),
        // While it is silent, nobody knows what is broken.
        severity: Some(Severity::Major),
    }
}
