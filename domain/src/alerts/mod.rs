//! Alerts: what monitoring sends becomes a report, or joins the ongoing incident (S8, R1).
//!
//! Called by the hooks of `api`, which translate the vendors' bodies into [`Alarm`]s. An alert is identified by its
//! source, fingerprint and start; alerts with the same group key belong to one incident. Alarms may arrive any number of
//! times and in any order: only what is new is recorded.

use std::collections::BTreeMap;

use entity::{AlertId, IncidentId, IncidentStatus, Severity, TimelineKind, Timestamp, alert, incident};
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde_json::json;
use uuid::Uuid;

use crate::authz::{Right, visible_through};
use crate::change::{change, create};
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::incident::writes::blank;
use crate::limits;
use crate::record::{Draft, Light, NewEvent, Scope};
use crate::sql::padded;
use crate::telling::pages;
use crate::telling::roster::Roster;

/// How many times a notification is processed if another process takes the same alerts at the same moment.
const ATTEMPTS_MAX: usize = 5;

/// One alert as reported by its source.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its identity at the source.
    pub fingerprint: String,
    /// Title for people.
    pub title: String,
    /// What else is known, for people.
    pub description: Option<String>,
    /// Whether it is firing.
    pub firing: bool,
    /// When it started firing. A source that does not say has one alert with this fingerprint at a time: the one that is firing,
    /// or a new one.
    pub starts_at: Option<Timestamp>,
    /// When it ended.
    pub ends_at: Option<Timestamp>,
    /// A JSON object of names and values.
    pub labels: serde_json::Value,
    /// How bad the source thinks it is; `None` if it does not warrant a report of its own.
    pub severity: Option<Severity>,
}

/// One notification from a source.
#[derive(Clone, Debug)]
pub struct Alarms {
    /// The hook, e.g. `alertmanager`.
    pub source: String,
    /// Identifies what belongs together at the source.
    pub group_key: String,
    /// The alerts.
    pub alerts: Vec<Alarm>,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The incident that the alerts belong to.
    pub incident: Option<IncidentId>,
    /// Alerts that were not known before.
    pub new: usize,
    /// Known alerts that have ended.
    pub ended: usize,
}

/// Takes a notification from a source, which should send it again after a failure.
pub async fn receive(ctx: &Ctx, mut notices: Alarms) -> Result<Received> {
    ctx.require(Right::Report)?;
    notices.alerts.truncate(limits::ALERTS_PER_CALL);
    // Notifications of one group are processed in turn, so that two can't both find no ongoing incident.
    let _turn = ctx.alert_turns.enter((&notices.source, &notices.group_key)).await;
    for _ in 0..ATTEMPTS_MAX {
        match receive_once(ctx, &notices).await {
            // Another process took the same alerts at the same moment: look again at what is known.
            Err(Error::AlreadyThere) => {}
            outcome => return outcome,
        }
    }
    Err(Error::AlreadyThere)
}

async fn receive_once(ctx: &Ctx, notices: &Alarms) -> Result<Received> {
    let known = known(ctx, notices).await?;
    let running = running_incident(ctx, notices).await?;
    let mut outcome = Received { incident: running, ..Received::default() };
    let (mut of_incident, mut of_none): (BTreeMap<IncidentId, Vec<Sighting<'_>>>, Vec<Sighting<'_>>) = Default::default();
    for notice in &notices.alerts {
        let is_same = |row: &&alert::Model| {
            row.fingerprint == notice.fingerprint && notice.starts_at.map_or(row.firing, |start| row.starts_at == start)
        };
        let sighting = Sighting { notice, before: known.iter().find(is_same) };
        let before = sighting.before;
        if before.is_none() && notice.starts_at.is_none() && !notice.firing {
            // It ended without our knowing that it was firing.
            continue;
        }
        outcome.new += usize::from(before.is_none());
        outcome.ended += usize::from(sighting.ends());
        match before.map_or(running, |row| row.incident_id) {
            Some(incident) => of_incident.entry(incident).or_default().push(sighting),
            None => of_none.push(sighting),
        }
    }
    if let Some((severity, worst)) = worth_reporting(&of_none) {
        outcome.incident = Some(report(ctx, notices, severity, worst, &of_none).await?.id);
    } else {
        keep(ctx, notices, &of_none).await?;
    }
    for (incident, sightings) in of_incident {
        let joined = change::<Light, _>(ctx, incident, Right::Report, None, |_, draft| {
            for sighting in &sightings {
                join(draft, notices, sighting);
            }
            Ok(())
        });
        joined.await?;
    }
    Ok(outcome)
}

/// An alert of a notification, with what was known about it.
struct Sighting<'a> {
    notice: &'a Alarm,
    before: Option<&'a alert::Model>,
}

impl Sighting<'_> {
    /// Whether it has ended since it was last seen.
    fn ends(&self) -> bool {
        !self.notice.firing && self.before.is_some_and(|row| row.firing)
    }

    fn row(&self, new_id: impl FnOnce() -> Uuid, now: Timestamp, notices: &Alarms, incident: Option<IncidentId>) -> alert::Model {
        let Alarm { fingerprint, title, firing, starts_at, ends_at, labels, .. } = self.notice;
        // A notice overtaken by the one that ended the alert does not revive it.
        let firing = *firing && self.before.is_none_or(|row| row.firing);
        alert::Model {
            id: self.before.map_or_else(|| AlertId(new_id()), |row| row.id),
            source: notices.source.clone(),
            fingerprint: fingerprint.clone(),
            group_key: notices.group_key.clone(),
            title: title.clone(),
            firing,
            starts_at: self.before.map(|row| row.starts_at).or(*starts_at).unwrap_or(now),
            ends_at: if firing { None } else { ends_at.or(self.before.and_then(|row| row.ends_at)).or(Some(now)) },
            count: self.before.map_or(1, |row| row.count.saturating_add(1)),
            incident_id: incident,
            labels: labels.clone(),
            received_at: now,
        }
    }
}

/// The worst of the new alerts that warrant a report of their own.
fn worth_reporting<'a>(sightings: &[Sighting<'a>]) -> Option<(Severity, &'a Alarm)> {
    let candidates = sightings.iter().filter(|sighting| sighting.before.is_none() && sighting.notice.firing);
    candidates.filter_map(|sighting| Some((sighting.notice.severity?, sighting.notice))).min_by_key(|(severity, _)| *severity)
}

/// Reports an incident along with the alerts behind it, in one transaction.
async fn report(ctx: &Ctx, notices: &Alarms, severity: Severity, worst: &Alarm, sightings: &[Sighting<'_>]) -> Result<incident::Model> {
    let new = incident::Model {
        impact_started_at: worst.starts_at,
        ..blank(ctx, worst.title.clone(), worst.description.clone(), severity, IncidentStatus::Triage)
    };
    let roster = Roster::load(ctx).await?;
    let created = create(ctx, &new, |draft| {
        draft.record(NewEvent::new(TimelineKind::Reported, format!("Reported by {}: {}", notices.source, worst.title)));
        pages::page_on_call(draft, &roster);
        for sighting in sightings {
            join(draft, notices, sighting);
        }
        Ok(())
    });
    created.await
}

/// Writes into the draft what a sighting means to the incident: an event if an alert is new or has ended, none if
/// it only repeats.
fn join<S: Scope>(draft: &mut Draft<'_, S>, notices: &Alarms, sighting: &Sighting<'_>) {
    let row = sighting.row(|| draft.id(), draft.now, notices, Some(draft.incident().id));
    let Alarm { title, description, firing, starts_at, ends_at, .. } = sighting.notice;
    let (verb, at) = if *firing { ("Firing", *starts_at) } else { ("Ended", *ends_at) };
    if sighting.before.is_none() || sighting.ends() {
        let text = match description {
            Some(description) => format!("{verb}: {title}\n\n{description}"),
            None => format!("{verb}: {title}"),
        };
        let details = json!({ "alert": row.id.to_string(), "source": notices.source, "firing": firing, "labels": row.labels });
        let occurred_at = at.filter(|at| *at <= draft.now);
        draft.record(NewEvent { occurred_at, ..NewEvent::new(TimelineKind::Alert, text).details(details) });
    }
    draft.upsert(row.into_active_model());
}

/// Stores alerts that belong to no incident, so that they are known the next time.
async fn keep(ctx: &Ctx, notices: &Alarms, sightings: &[Sighting<'_>]) -> Result<()> {
    if sightings.is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    let rows = sightings.iter().map(|sighting| sighting.row(|| ctx.ids.uuid(now), now, notices, None).into_active_model());
    let changes = OnConflict::column(alert::Column::Id)
        .update_columns([
            alert::Column::Title,
            alert::Column::Firing,
            alert::Column::EndsAt,
            alert::Column::Count,
            alert::Column::ReceivedAt,
        ])
        .to_owned();
    match alert::Entity::insert_many(rows).on_conflict(changes).exec_without_returning(ctx.db.write()).await {
        Err(error) if is_duplicate(&error, "alert") => Err(Error::AlreadyThere),
        outcome => Ok(outcome.map(|_| ())?),
    }
}

/// What is known about the alerts of a notification.
async fn known(ctx: &Ctx, notices: &Alarms) -> Result<Vec<alert::Model>> {
    let fingerprints: Vec<&str> = notices.alerts.iter().map(|notice| notice.fingerprint.as_str()).collect();
    let starts: Vec<Timestamp> = notices.alerts.iter().filter_map(|notice| notice.starts_at).collect();
    let select = alert::Entity::find()
        .filter(alert::Column::Source.eq(&notices.source))
        .filter(alert::Column::Fingerprint.is_in(padded(&fingerprints)))
        .filter(alert::Column::StartsAt.is_in(padded(&starts)).or(alert::Column::Firing.eq(true)));
    Ok(select.all(ctx.db.read()).await?)
}

/// The latest incident that alerts of this group joined and that is in triage or live.
async fn running_incident(ctx: &Ctx, notices: &Alarms) -> Result<Option<IncidentId>> {
    let joined = alert::Entity::find()
        .select_only()
        .column(alert::Column::IncidentId)
        .filter(alert::Column::Source.eq(&notices.source))
        .filter(alert::Column::GroupKey.eq(&notices.group_key))
        .filter(alert::Column::IncidentId.is_not_null())
        .into_query();
    let running = incident::Entity::find()
        .filter(incident::Column::Id.in_subquery(joined))
        .filter(incident::Column::Live.eq(true).or(incident::Column::Status.eq(IncidentStatus::Triage)))
        .order_by_desc(incident::Column::ReportedAt);
    Ok(running.one(ctx.db.read()).await?.map(|incident| incident.id))
}

/// The alerts among `ids` that exist, except those of incidents that the caller may not see.
pub async fn by_ids(ctx: &Ctx, ids: &[AlertId]) -> Result<Vec<alert::Model>> {
    let mut select = alert::Entity::find().filter(alert::Column::Id.is_in(padded(ids)));
    if let Some(seen) = visible_through(&ctx.actor, alert::Column::IncidentId) {
        select = select.filter(alert::Column::IncidentId.is_null().or(seen));
    }
    Ok(select.all(ctx.db.read()).await?)
}

/// The alerts of `incidents`, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<alert::Model>> {
    let select = alert::Entity::find().filter(alert::Column::IncidentId.is_in(padded(incidents)));
    Ok(select.order_by_asc(alert::Column::StartsAt).order_by_asc(alert::Column::Id).all(ctx.db.read()).await?)
}
