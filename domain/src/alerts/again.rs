//! Alerts that a quiet window kept from people, once it is over: what still fires is heard again, as if its source had just said so.
//!
//! A chore ([`crate::chores`]). It may be done twice, and by two workers at once: a notice that was heard changes nothing when it is heard
//! again. If it is cut off, the rows are still there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::quieted_alert::{self, Column};
use entity::{AlertId, Source, Timestamp, alert, quiet_window};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::alarm::{Alarm, Alarms};
use super::episode::Identity;
use super::receive;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;
use crate::sql::padded;

/// What is told together: the source, its group, and whether it names its starts.
type Call = (String, String, bool);

/// Has what still fires heard again.
pub(crate) async fn hear_again(ctx: &Ctx) -> Result<()> {
    let ctx = &ctx.by_way_of(Source::Alert);
    loop {
        let now = ctx.now();
        let due = quieted_alert::Entity::find().filter(is_due(now)).order_by_asc(Column::LookAt).limit(limits::QUIETED_AT_ONCE);
        let due = due.all(ctx.db.read()).await?;
        if due.is_empty() {
            return Ok(());
        }
        let (failed, problem) = hear_some(ctx, &due).await?;
        let done: Vec<AlertId> = due.iter().map(|row| row.alert_id).filter(|id| !failed.contains(id)).collect();
        if !done.is_empty() {
            // What is in another window by now is not due.
            let these = Column::AlertId.is_in(padded(&done)).and(is_due(now));
            quieted_alert::Entity::delete_many().filter(these).exec(ctx.db.write()).await?;
        }
        if let Some(problem) = problem {
            return Err(problem);
        }
    }
}

/// The window is over: in its time, or because somebody ended it.
fn is_due(now: Timestamp) -> Expr {
    let over = quiet_window::Entity::find().select_only().column(quiet_window::Column::Id);
    let over = over.filter(quiet_window::Column::EndsAt.lte(now)).into_query();
    Column::LookAt.lte(now).or(Column::WindowId.in_subquery(over))
}

/// Has those that fire heard. Returns which were not, and why: one that can't be heard does not keep the others waiting.
async fn hear_some(ctx: &Ctx, due: &[quieted_alert::Model]) -> Result<(BTreeSet<AlertId>, Option<crate::Error>)> {
    let ids: Vec<AlertId> = due.iter().map(|row| row.alert_id).collect();
    let mut known = firing(ctx, &ids).await?;
    let mut calls: BTreeMap<Call, Vec<(AlertId, Alarm)>> = BTreeMap::new();
    for row in due {
        let Some(alert) = known.remove(&row.alert_id) else { continue };
        let call = (alert.source.clone(), alert.group_key.clone(), !alert.identity.is_empty());
        calls.entry(call).or_default().push((alert.id, alarm(row, alert)));
    }
    let (mut failed, mut problem) = (BTreeSet::new(), None);
    for ((source, group_key, names_starts), mut alarms) in calls {
        // The calls before took their time, and much recovers when people have done their work: what has ended meanwhile is no news.
        let ids: Vec<AlertId> = alarms.iter().map(|(id, _)| *id).collect();
        let fires = firing(ctx, &ids).await?;
        alarms.retain(|(id, _)| fires.contains_key(id));
        let (ids, alerts): (Vec<AlertId>, Vec<Alarm>) = alarms.into_iter().unzip();
        let identity = if names_starts { Identity::Start } else { Identity::OneAtATime };
        if let Err(error) = Box::pin(receive(ctx, Alarms { source, group_key, identity, alerts, truncated: 0 })).await {
            failed.extend(ids);
            problem = problem.or(Some(error));
        }
    }
    Ok((failed, problem))
}

/// Those of `alerts` that fire.
async fn firing(ctx: &Ctx, alerts: &[AlertId]) -> Result<HashMap<AlertId, alert::Model>> {
    let select = alert::Entity::find().filter(alert::Column::Id.is_in(padded(alerts))).filter(alert::Column::Firing.eq(true));
    Ok(select.all(ctx.db.read()).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// The notice that nobody heard.
fn alarm(row: &quieted_alert::Model, alert: alert::Model) -> Alarm {
    Alarm {
        fingerprint: alert.fingerprint,
        title: alert.title,
        description: row.description.clone(),
        firing: true,
        starts_at: alert.told_start,
        ends_at: None,
        labels: alert.labels,
        links: serde_json::from_value(row.links.clone()).unwrap_or_default(),
        severity: row.severity,
    }
}
