//! Looks at alerts that flap when no notice arrives: whether they have settled, and whether what fires is an outage by now.
//!
//! Called by a chore. What is decided is in [`super::flapping`]. It writes only the columns that say how the alert flaps, and only if the row
//! is due as it was: whether an alert fires is for notices to say, and another process may take one at this moment. An outage becomes another alert
//! only if nothing was heard of it meanwhile.

use std::cmp::{max, min};
use std::collections::BTreeMap;

use entity::{AlertId, IncidentId, IncidentStatus, Source, Stretch, TimelineKind, Timestamp, alert, incident, quieted_alert};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde_json::json;

use super::alarm::{Alarm, Alarms};
use super::episode::Identity;
use super::flapping::{self, Look};
use super::known::{self, Seen, Word};
use super::verdict::{Judge, Judgement};
use super::{join, report, withheld};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state;
use crate::limits;
use crate::playbook::Then;
use crate::record::{Draft, Light, NewEvent, Scope};
use crate::telling::roster::Staffed;

/// Looks at the alerts that wait longest. One that can't be looked at leaves the others alone.
pub async fn settle(ctx: &Ctx) -> Result<()> {
    ctx.require(Right::Administer)?;
    for row in due(ctx).await? {
        match Box::pin(settle_one(ctx, row.id, &row.source)).await {
            Err(error @ Error::Unavailable(_)) => return Err(error),
            // Another process heard of it at this moment; the next round looks again.
            Ok(()) | Err(Error::AlreadyThere) => {}
            Err(error) => error.log(&format!("could not look whether the alert {} has settled", row.id)),
        }
    }
    Ok(())
}

async fn due(ctx: &Ctx) -> Result<Vec<alert::Model>> {
    let select = alert::Entity::find().filter(alert::Column::LookAt.is_not_null()).filter(is_due(ctx.now()));
    Ok(select.order_by_asc(alert::Column::LookAt).limit(limits::ALERTS_SETTLED_AT_ONCE).all(ctx.db.read()).await?)
}

/// Its time has come, or was set by a clock that was ahead.
fn is_due(now: Timestamp) -> Expr {
    alert::Column::LookAt.lte(now).or(alert::Column::LookAt.gt(now + limits::ALERT_SETTLED))
}

async fn settle_one(ctx: &Ctx, id: AlertId, source: &str) -> Result<()> {
    // In turn with the notices of its source.
    let _turn = ctx.alert_turns.enter(source).await;
    let now = ctx.now();
    let Some(row) = alert::Entity::find_by_id(id).filter(is_due(now)).one(ctx.db.read()).await? else { return Ok(()) };
    let Some(stretch) = row.stretch.clone() else { return Ok(()) };
    let incident = match row.incident_id {
        Some(incident) => incident::Entity::find_by_id(incident).one(ctx.db.read()).await?,
        None => None,
    };
    let runs = incident.as_ref().is_some_and(state::is_running);
    let is_attended = runs && incident.as_ref().is_some_and(|incident| incident.status != IncidentStatus::Monitoring);
    let stretch = Stretch { changed_at: min(stretch.changed_at, now), told_at: min(stretch.told_at, now), ..stretch };
    match flapping::look(&stretch, row.firing, is_attended, now) {
        Look::Wait(until) => keep(ctx, &row, stretch, Some(until)).await,
        Look::GoesOn => {
            let stretch = Stretch { told_at: now, ..stretch };
            let look_at = Some(max(flapping::next_look(&stretch, row.firing), now + limits::ALERT_STANDS));
            tell(ctx, &row, stretch, look_at, "Still flapping").await
        }
        Look::Settled if row.firing && !is_attended && row.severity.is_some() => Box::pin(outage(ctx, row, stretch, runs)).await,
        Look::Settled => tell(ctx, &row, stretch, None, "Settled").await,
    }
}

/// The columns of a row that say how it flaps.
fn columns(stretch: Stretch, look_at: Option<Timestamp>) -> alert::ActiveModel {
    alert::ActiveModel { stretch: Set(Some(stretch)), look_at: Set(look_at), ..Default::default() }
}

/// The row as it was looked at.
fn as_it_was(row: &alert::Model) -> Expr {
    alert::Column::Id.eq(row.id).and(alert::Column::LookAt.eq(row.look_at))
}

async fn keep(ctx: &Ctx, row: &alert::Model, stretch: Stretch, look_at: Option<Timestamp>) -> Result<()> {
    let update = alert::Entity::update_many().set(columns(stretch, look_at)).filter(as_it_was(row));
    update.exec(ctx.db.write()).await?;
    Ok(())
}

/// Says on the timeline how it stands, if the alert has one.
async fn tell(ctx: &Ctx, row: &alert::Model, stretch: Stretch, look_at: Option<Timestamp>, words: &str) -> Result<()> {
    let Some(incident) = row.incident_id else { return keep(ctx, row, stretch, look_at).await };
    let ctx = &ctx.by_way_of(Source::Alert);
    let told = change::<Light, _>(ctx, incident, Right::Report, None, |_, draft| {
        record(draft, row, &stretch, words);
        draft.set_where(columns(stretch.clone(), look_at), as_it_was(row));
        Ok(())
    });
    told.await?;
    Ok(())
}

fn record<S: Scope>(draft: &mut Draft<'_, S>, row: &alert::Model, stretch: &Stretch, words: &str) {
    let playbook = draft.ctx().playbook();
    let text = format!("{words}: {}\n\n{}", row.title, flapping::counted(stretch, row, |at| playbook.local(at)));
    let details = json!({ "alert": row.id.to_string(), "source": row.source, "firing": row.firing, "labels": row.labels });
    draft.record(NewEvent::new(TimelineKind::Alert, text).details(details));
}

/// It fires and stays, and nobody is at work on it: an incident that is thought to be fixed hears of it, and otherwise it is reported. The rules
/// and windows of now count, as for a notice.
async fn outage(ctx: &Ctx, row: alert::Model, stretch: Stretch, runs: bool) -> Result<()> {
    let ctx = &ctx.by_way_of(Source::Alert);
    let (call, alarm) = (call(&row), as_alarm(&row, withheld::of(ctx, row.id).await?));
    let judge = Box::pin(Judge::load(ctx, &call.source, std::slice::from_ref(&alarm))).await?;
    let judgement = judge.of(&alarm);
    if let Some(window) = judgement.quiet {
        return keep(ctx, &row, stretch, Some(min(window.row.ends_at, ctx.now() + limits::ALERT_SETTLED))).await;
    }
    let home = known::running(ctx, &call).await?.or(judgement.home);
    let opens_nothing = judgement.verdict.then == Then::Join && home.is_none() && !runs;
    if !judgement.is_heard() || opens_nothing {
        return tell(ctx, &row, stretch, None, "Settled").await;
    }
    let as_read = known::as_read(&row);
    let Some(incident) = row.incident_id else {
        let row = alert::Model { stretch: Some(stretch), look_at: None, ..row };
        return Box::pin(anew(ctx, &call, home, Seen { as_read: Some(as_read), ..seen(row, &alarm, judgement) })).await;
    };
    if runs {
        let judged = flapping::worse(row.severity, stretch.worst).map(|level| (incident, level));
        let heard = [Seen { judged: judged.into_iter().collect(), ..seen(row.clone(), &alarm, judgement) }];
        let told = change::<Staffed, _>(ctx, incident, Right::Report, None, |facts, draft| {
            record(draft, &row, &stretch, "Settled");
            draft.set_where(columns(stretch.clone(), None), as_it_was(&row));
            join::look_up(draft, facts, &call, &heard);
            Ok(())
        });
        told.await?;
        return Ok(());
    }
    // The incident that is over keeps what it knew; the firing that goes on is another alert from here on.
    let fires =
        alert::Model { id: AlertId(ctx.ids.uuid(ctx.now())), incident_id: None, count: 1, stretch: None, look_at: None, ..row.clone() };
    let former = alert::Model { firing: false, ends_at: Some(row.starts_at), stretch: Some(stretch.clone()), look_at: None, ..row.clone() };
    Box::pin(anew(ctx, &call, home, Seen { former: Some((former, as_read)), ..seen(fires, &alarm, judgement) })).await?;
    let told = change::<Light, _>(ctx, incident, Right::Report, None, |_, draft| {
        record(draft, &row, &stretch, "Settled, and reported again");
        Ok(())
    });
    told.await?;
    Ok(())
}

/// Reports it, unless something runs by now that it belongs to.
async fn anew(ctx: &Ctx, call: &Alarms, home: Option<IncidentId>, seen: Seen<'_>) -> Result<()> {
    let alerts = [seen];
    match home {
        Some(incident) => join::join(ctx, call, incident, &alerts, &[]).await,
        None => report::report(ctx, call, &alerts, &[]).await.map(drop),
    }
}

/// As a notification of its source would be.
fn call(row: &alert::Model) -> Alarms {
    let (source, group_key) = (row.source.clone(), row.group_key.clone());
    Alarms { source, group_key, identity: Identity::OneAtATime, alerts: Vec::new(), truncated: 0 }
}

/// As its source told of it, as far as that is kept: more of it if a window keeps it from people.
fn as_alarm(row: &alert::Model, withheld: Option<quieted_alert::Model>) -> Alarm {
    let (description, links) = withheld.map(|told| (told.description, told.links)).unwrap_or_default();
    Alarm {
        fingerprint: row.fingerprint.clone(),
        title: row.title.clone(),
        description,
        firing: row.firing,
        starts_at: row.told_start,
        ends_at: row.told_end,
        labels: row.labels.clone(),
        links: serde_json::from_value(links).unwrap_or_default(),
        severity: row.severity,
    }
}

fn seen<'a>(row: alert::Model, alarm: &'a Alarm, judgement: Judgement<'a>) -> Seen<'a> {
    let level = judgement.level();
    Seen {
        reached: level,
        row: alert::Model { severity: level, ..row },
        told: vec![(Word::Firing, alarm)],
        alarm,
        is_new_there: true,
        judged: BTreeMap::<IncidentId, _>::new(),
        judgement,
        is_hushed: false,
        former: None,
        as_read: None,
    }
}
