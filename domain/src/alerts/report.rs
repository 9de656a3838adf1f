//! Alerts that belong to no incident yet: they report one, join a storm, or are only remembered.

use entity::{IncidentId, IncidentStatus, Severity, TimelineKind, alert, incident};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect};

use super::alarm::Alarms;
use super::known::Seen;
use super::{about, join};
use crate::change::create;
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::incident::state;
use crate::incident::writes::{add_sites, blank};
use crate::limits;
use crate::record::NewEvent;
use crate::sql::padded;
use crate::telling::pages::{self, Urgency};
use crate::telling::roster::Roster;

/// Gives the alerts an incident if one of them warrants it, and remembers them in any case.
pub(super) async fn report(ctx: &Ctx, call: &Alarms, alerts: &[Seen<'_>], notes: &[String]) -> Result<Option<IncidentId>> {
    let worst = alerts.iter().filter_map(|seen| Some((seen.reached?, seen))).min_by_key(|(severity, _)| *severity);
    let Some((severity, worst)) = worst else {
        keep(ctx, alerts).await?;
        return Ok(None);
    };
    if let Some(incident) = storm(ctx, call).await? {
        let mut notes = notes.to_vec();
        if is_first_of_storm(ctx, incident).await? {
            notes.push(format!(
                "{} reports much at once. What it reports from here on joins this incident; nobody is paged for each.",
                call.source
            ));
        }
        join::join(ctx, call, incident, alerts, &notes).await?;
        return Ok(Some(incident));
    }
    Ok(Some(open(ctx, call, severity, worst, alerts, notes).await?.id))
}

/// Reports an incident along with the alerts behind it, in one transaction.
async fn open(
    ctx: &Ctx,
    call: &Alarms,
    severity: Severity,
    worst: &Seen<'_>,
    alerts: &[Seen<'_>],
    notes: &[String],
) -> Result<incident::Model> {
    let new = incident::Model {
        impact_started_at: worst.alarm.starts_at.map(|_| worst.row.starts_at),
        ..blank(ctx, worst.alarm.title.clone(), worst.alarm.description.clone(), severity, IncidentStatus::Triage)
    };
    let (roster, sites) = tokio::try_join!(Roster::load(ctx), about::sites(ctx, alerts.iter().map(|seen| seen.alarm)))?;
    let created = create(ctx, &new, |draft| {
        draft.record(NewEvent::new(TimelineKind::Reported, format!("Reported by {}: {}", call.source, worst.alarm.title)));
        add_sites(draft, &sites);
        let cannot_wait = join::cannot_wait(draft.ctx(), None, alerts, draft.now);
        let urgency = if cannot_wait { Urgency::Now } else { Urgency::Waits };
        pages::page_or_wait(draft, &roster, urgency);
        join::write(draft, call, alerts, notes);
        Ok(())
    });
    created.await
}

/// The incident that takes in what would be another report, once the source has reported so many that pages for each would hide
/// what they say. It must still run.
async fn storm(ctx: &Ctx, call: &Alarms) -> Result<Option<IncidentId>> {
    let now = ctx.now();
    let recent = incident::Entity::find()
        .filter(incident::Column::ReportedAt.gt(now - limits::ALERT_STORM))
        .filter(incident::Column::ReportedAt.lte(now))
        .filter(incident::Column::ReporterId.is_null())
        .order_by_desc(incident::Column::ReportedAt)
        .order_by_desc(incident::Column::Id)
        .all(ctx.db.read())
        .await?;
    if recent.len() < limits::ALERT_STORM_REPORTS {
        return Ok(None);
    }
    let ids: Vec<IncidentId> = recent.iter().map(|incident| incident.id).collect();
    let of_source: Vec<Option<IncidentId>> = alert::Entity::find()
        .select_only()
        .column(alert::Column::IncidentId)
        .distinct()
        .filter(alert::Column::IncidentId.is_in(padded(&ids)))
        .filter(alert::Column::Source.eq(&call.source))
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    if of_source.len() < limits::ALERT_STORM_REPORTS {
        return Ok(None);
    }
    Ok(recent.iter().filter(|row| state::is_running(row)).map(|row| row.id).find(|id| of_source.contains(&Some(*id))))
}

/// Whether all alerts of `incident` are of the group that reported it.
async fn is_first_of_storm(ctx: &Ctx, incident: IncidentId) -> Result<bool> {
    let groups = alert::Entity::find().select_only().column(alert::Column::GroupKey).distinct();
    let groups: Vec<String> = groups.filter(alert::Column::IncidentId.eq(incident)).limit(2).into_tuple().all(ctx.db.read()).await?;
    Ok(groups.len() <= 1)
}

/// Stores alerts that belong to no incident, so that they are known the next time.
pub(super) async fn keep(ctx: &Ctx, alerts: &[Seen<'_>]) -> Result<()> {
    let changes = OnConflict::column(alert::Column::Id)
        .update_columns(alert::Column::iter().filter(|column| !matches!(column, alert::Column::Id | alert::Column::IncidentId)))
        .to_owned();
    for (seen, as_read) in alerts.iter().filter_map(|seen| Some((seen, seen.as_read.clone()?))) {
        let row = seen.row.clone().into_active_model().reset_all();
        let update = alert::Entity::update_many().set(row).filter(as_read);
        if update.exec(ctx.db.write()).await?.rows_affected == 0 {
            return Err(Error::AlreadyThere);
        }
    }
    let own = alerts.iter().filter(|seen| seen.as_read.is_none());
    let rows: Vec<_> = own.map(|seen| seen.row.clone().into_active_model()).collect();
    // An alert may have thousands of episodes in one call.
    for rows in rows.chunks(limits::ALERT_ROWS_AT_ONCE) {
        let insert = alert::Entity::insert_many(rows.to_vec()).on_conflict(changes.clone());
        match insert.exec_without_returning(ctx.db.write()).await {
            Err(error) if is_duplicate(&error, "alert") => return Err(Error::AlreadyThere),
            outcome => outcome.map(|_| ())?,
        }
    }
    Ok(())
}
