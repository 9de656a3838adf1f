//! Sources of alerts: when each was last heard from and refused, and what a silence means.
//!
//! The hooks of `api` and the mailboxes note it beside the alerts, once a minute ([`is_news`], [`note`]): an alert does not wait for it, and
//! nothing else writes when a source was heard from. With `silent_after` in the settings, its silence is an alarm, which the clockwork raises and
//! ends ([`look`]); without, it is only shown ([`all`]).

use std::collections::HashMap;

use chrono::Duration;
use entity::alert_source::{self, ActiveModel, Column};
use entity::{Severity, SourcePauses, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::alarm::{SOURCE, send};
use super::lately::SourceSign;
use super::query::require_responder;
use super::{listening, silence};
use crate::alerts::Alarm;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Result, readable};
use crate::playbook::folded;
use crate::{validate, words};

/// What is known of a source, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// To the minute or so.
    pub last_heard_at: Option<Timestamp>,
    /// To the minute or so.
    pub last_refused_at: Option<Timestamp>,
    /// Why, for administrators.
    pub refusal: Option<String>,
    /// The longest of its last pauses; nothing before there are enough.
    pub usual_gap: Option<Duration>,
    /// Whether it is silent for longer than it should.
    pub is_silent: bool,
}

/// Sources that need no settings.
pub const BUILT_IN: [&str; 2] = ["alertmanager", SOURCE];

/// Says that the settings have no source with this name, if it is so: what posts Muster's own form may call itself anything.
pub fn no_such_source(ctx: &Ctx, name: &str) -> Option<String> {
    let known: Vec<&str> = ctx.config.alert_sources.values().map(|source| source.name.as_str()).chain(BUILT_IN).collect();
    let is_known = known.iter().any(|source| folded(source) == folded(name));
    let known = known.join(", ");
    (!is_known)
        .then(|| format!("{name:?} is no source of the settings, which have {known}: only what names itself so at /hooks/alerts is meant."))
}

/// Whether it is worth noting that there was a sign of the source at `hook`. Costs no statement.
pub fn is_news(ctx: &Ctx, hook: &str, sign: &SourceSign) -> bool {
    ctx.heard_lately.is_news(hook, sign, ctx.now())
}

/// Notes a sign of the source at `hook`, which is the end of its address without a secret. For Muster itself.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn note(ctx: &Ctx, hook: &str, sign: &SourceSign) -> Result<()> {
    ctx.require(Right::Administer)?;
    let now = ctx.now();
    let known = alert_source::Entity::find_by_id(hook).one(ctx.db.read()).await?;
    let mut change = ActiveModel::default();
    if let Some(why) = sign.refusal() {
        change.last_refused_at = Set(Some(now));
        change.refusal = Set(Some(words::shortened(&validate::as_text(why))));
    }
    if sign.is_heard() {
        change.last_heard_at = Set(Some(now));
        if let Some((at, pauses)) = known.as_ref().and_then(|row| Some((row.last_heard_at?, row.pauses.clone()))) {
            change.pauses = Set(silence::with(pauses, now - at));
        }
    }
    if known.is_none() {
        let insert = alert_source::Entity::insert(unheard(hook).into_active_model()).on_conflict_do_nothing_on([Column::Hook]);
        insert.exec_without_returning(ctx.db.write()).await?;
    }
    // What another process notes at the same moment says the same.
    alert_source::Entity::update_many().set(change).filter(Column::Hook.eq(hook)).exec(ctx.db.write()).await?;
    Ok(())
}

/// One of which nothing is known.
fn unheard(hook: &str) -> alert_source::Model {
    alert_source::Model {
        hook: hook.to_owned(),
        last_heard_at: None,
        last_refused_at: None,
        refusal: None,
        pauses: SourcePauses::default(),
        alarm_since: None,
        is_raised: false,
    }
}

/// What is known of each source that was ever heard from or refused, by its hook. Why it was refused is for administrators.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn all(ctx: &Ctx) -> Result<HashMap<String, SourceState>> {
    require_responder(ctx)?;
    let now = ctx.now();
    let (rows, up_since) = tokio::try_join!(rows(ctx), listening::up_since(ctx))?;
    let state = |row: alert_source::Model| {
        let silent_after = silent_after(ctx, &row.hook);
        let quiet_since = row.last_heard_at.and_then(|heard_at| quiet_since(&row, up_since.unwrap_or(heard_at)));
        let is_silent = quiet_since.is_some_and(|since| silence::is_unusual(now - since, &row.pauses, silent_after));
        let state = SourceState {
            last_heard_at: row.last_heard_at,
            last_refused_at: row.last_refused_at,
            refusal: row.refusal.filter(|_| ctx.actor.may(Right::Administer)),
            usual_gap: silence::usual(&row.pauses),
            is_silent,
        };
        (row.hook, state)
    };
    Ok(rows.into_iter().map(state).collect())
}

async fn rows(ctx: &Ctx) -> Result<Vec<alert_source::Model>> {
    Ok(alert_source::Entity::find().all(ctx.db.read()).await?)
}

/// Since when it can be said to be silent. While Muster was away, nobody could be heard; what is an alarm stays one.
fn quiet_since(row: &alert_source::Model, up_since: Timestamp) -> Option<Timestamp> {
    let heard_at = row.last_heard_at?;
    Some(if row.alarm_since.is_some() { heard_at } else { Ord::max(heard_at, up_since) })
}

/// Raises and ends the alarms of sources that are silent for longer than the settings say; workers have looked since `up_since`. A source
/// from which nothing ever came is not waited for.
pub(super) async fn look(ctx: &Ctx, up_since: Timestamp) -> Result<()> {
    let now = ctx.now();
    for row in rows(ctx).await? {
        let due = quiet_since(&row, up_since).zip(silent_after(ctx, &row.hook)).map(|(since, after)| since + after);
        match (row.alarm_since, due.filter(|since| *since <= now)) {
            (None, Some(since)) => raise(ctx, row, since).await?,
            (Some(since), Some(_)) if !row.is_raised => tell_raised(ctx, &row, since).await?,
            (Some(since), None) => end(ctx, &row, since).await?,
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
    Ok(())
}

fn silent_after(ctx: &Ctx, hook: &str) -> Option<Duration> {
    ctx.config.alert_sources.get(hook)?.silent_after
}

/// What people know it by, also when it is no longer in the settings.
fn name<'a>(ctx: &'a Ctx, row: &'a alert_source::Model) -> &'a str {
    let end = || row.hook.rsplit('/').next().unwrap_or_default();
    ctx.config.alert_sources.get(&row.hook).map_or_else(end, |source| source.name.as_str())
}

async fn raise(ctx: &Ctx, row: alert_source::Model, since: Timestamp) -> Result<()> {
    let same = Column::LastHeardAt.eq(row.last_heard_at);
    // Before anybody is told, so that whatever happens next, somebody will tell that it is over.
    let raised = ActiveModel { alarm_since: Set(Some(since)), is_raised: Set(false), ..Default::default() };
    if write(ctx, raised, &row, Some(same)).await? {
        tell_raised(ctx, &alert_source::Model { alarm_since: Some(since), ..row }, since).await?;
    }
    Ok(())
}

async fn tell_raised(ctx: &Ctx, row: &alert_source::Model, since: Timestamp) -> Result<()> {
    let last = row.last_heard_at.map(readable).unwrap_or_default();
    let after = silent_after(ctx, &row.hook).map(words::span).unwrap_or_default();
    let description = format!("It was last heard from at {last}. By the settings, its silence is an alarm after {after}.");
    send(ctx, fingerprint(row), alarm(name(ctx, row), row, since, None, description)).await?;
    write(ctx, ActiveModel { is_raised: Set(true), ..Default::default() }, row, None).await?;
    Ok(())
}

async fn end(ctx: &Ctx, row: &alert_source::Model, since: Timestamp) -> Result<()> {
    let heard_at = row.last_heard_at.filter(|at| *at > since);
    let description = if heard_at.is_some() { "It is heard from again." } else { "By the settings, its silence is no alarm any more." };
    let over_at = Some(heard_at.unwrap_or_else(|| ctx.now()));
    send(ctx, fingerprint(row), alarm(name(ctx, row), row, since, over_at, description.to_owned())).await?;
    write(ctx, ActiveModel { alarm_since: Set(None), is_raised: Set(false), ..Default::default() }, row, None).await?;
    Ok(())
}

/// Writes a change while the alarm is the one that was read.
async fn write(ctx: &Ctx, change: ActiveModel, row: &alert_source::Model, also: Option<Expr>) -> Result<bool> {
    let mut update = alert_source::Entity::update_many().set(change).filter(Column::Hook.eq(&*row.hook));
    update = update.filter(Column::AlarmSince.eq(row.alarm_since));
    if let Some(also) = also {
        update = update.filter(also);
    }
    Ok(update.exec(ctx.db.write()).await?.rows_affected == 1)
}

/// Apart from heartbeats, whose names have no colon.
fn fingerprint(row: &alert_source::Model) -> String {
    format!("source:{}", row.hook)
}

fn alarm(name: &str, row: &alert_source::Model, since: Timestamp, over_at: Option<Timestamp>, description: String) -> Alarm {
    Alarm {
        fingerprint: fingerprint(row),
        title: format!("Nothing heard from {name}"),
        description: Some(description),
        firing: over_at.is_none(),
        starts_at: Some(since),
        ends_at: over_at,
        labels: json!({ "labels": { "source": name } }),
        links: Vec::new(),
        // While it is silent, nobody knows what is broken.
        severity: Some(Severity::Major),
    }
}
