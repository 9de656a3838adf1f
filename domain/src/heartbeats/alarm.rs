//! A heartbeat's alarm, as alerts take it.

use chrono::Duration;
use entity::{Source, Timestamp, heartbeat, site};
use serde_json::json;

use crate::alerts::episode::Identity;
use crate::alerts::{Alarm, Alarms, links, receive};
use crate::catalogue::sites_by_ids;
use crate::ctx::Ctx;
use crate::error::{Result, readable};
use crate::words;

/// The source of these alarms, for people and for rules. No source of the settings may be called so.
pub const SOURCE: &str = "heartbeat";

/// An alarm that is to be raised or ended.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// What it is called.
    pub title: String,
    /// What else there is to say.
    pub description: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When it ended; nothing to raise it.
    pub over_at: Option<Timestamp>,
}

/// What an alarm about `row` is called.
pub(super) fn title(row: &heartbeat::Model) -> String {
    let name = &row.name;
    match (row.failed_at, row.last_beat_at) {
        (Some(_), _) => format!("{name} says that it failed"),
        (None, Some(last)) => format!("No sign of life from {name} since {}", readable(last)),
        (None, None) => format!("No sign of life from {name}"),
    }
}

/// What somebody must know who is woken by it.
pub(super) fn description(row: &heartbeat::Model) -> Option<String> {
    let span = |seconds: i32| words::span(Duration::seconds(seconds.into()));
    let rule = format!("It should tell that it lives every {}, and may be {} late.", span(row.every_seconds), span(row.grace_seconds));
    let said = if row.failed_at.is_some() { row.failure.clone() } else { Some(rule) };
    let parts: Vec<String> = said.into_iter().chain(row.note.clone()).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// Tells what became of the alarm about `row`. Telling it twice does no harm.
pub(super) async fn tell(ctx: &Ctx, row: &heartbeat::Model, news: News) -> Result<()> {
    let ids: Vec<_> = row.site_id.into_iter().collect();
    let site = if ids.is_empty() { None } else { sites_by_ids(ctx, &ids).await?.pop() };
    let address = site.as_ref().and_then(address);
    let alarm = Alarm {
        fingerprint: row.name.clone(),
        title: news.title,
        description: news.description,
        firing: news.over_at.is_none(),
        starts_at: Some(news.since),
        ends_at: news.over_at,
        labels: json!({ "labels": { "heartbeat": row.name, "site": site.as_ref().map(|site| &site.name) } }),
        links: links(address),
        severity: Some(row.severity),
    };
    // What runs at one site and falls silent with it belongs together.
    let group_key = row.site_id.map_or_else(|| row.name.clone(), |site| format!("site:{site}"));
    send(ctx, group_key, alarm).await
}

/// Has `alarm` heard, as one of Muster's own.
pub(super) async fn send(ctx: &Ctx, group_key: String, alarm: Alarm) -> Result<()> {
    let ctx = ctx.on_own_behalf().by_way_of(Source::Alert);
    // An end is later than its beginning by one clock, so news that come late or twice have nothing fire again.
    let call = Alarms { source: SOURCE.to_owned(), group_key, identity: Identity::Moment, alerts: vec![alarm], truncated: 0 };
    Box::pin(receive(&ctx, call)).await?;
    Ok(())
}

/// Where the site is, so that an alarm is known to be about it.
fn address(site: &site::Model) -> Option<&str> {
    let first = site.hosts.as_deref().and_then(|hosts| hosts.split(';').next());
    site.url.as_deref().or(first)
}
