//! Rows next to incidents, as [`kept`](super::kept) may keep them.
//!
//! Called by `api`'s loaders, which first ask [`known`], and for all that is not known [`read`] once, and by what is made of several tables. What they
//! are asked for has the version of an incident that its caller was shown in the same request.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{
    IncidentId, action, checklist_item, client_update, follow_up, goal, incident_access, incident_client, incident_import, incident_site,
    report, review, role_assignment, step, ticket, triage_answer,
};
use sea_orm::ModelTrait;
use sea_orm::sea_query::ValueType;

use super::kept::{Part, Version, Weighed, incidents};
use super::reading;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::{self, OfIncident};

/// A table whose rows change with the version of their incident, and in no other way.
pub trait KeptTable: OfIncident<Model: Weighed> {
    /// What its rows are of an incident.
    const PART: Part;

    /// Orders the rows of an incident, which are in the order of their primary key.
    fn put_in_order(_rows: &mut [Self::Model]) {}
}

macro_rules! kept {
    ($($table:ident: $part:ident,)+) => {
        $(impl KeptTable for $table::Entity {
            const PART: Part = Part::$part;
        })+
    };
}

kept! {
    action: Actions,
    checklist_item: Checklist,
    client_update: ClientUpdates,
    follow_up: FollowUps,
    goal: Goals,
    incident_access: Access,
    incident_import: Import,
    incident_site: Sites,
    report: Report,
    review: Review,
    role_assignment: Roles,
    step: Steps,
    triage_answer: Triage,
}

impl KeptTable for incident_client::Entity {
    const PART: Part = Part::Clients;

    /// Those affected longest first.
    fn put_in_order(rows: &mut [incident_client::Model]) {
        rows.sort_by_key(|row| (row.since, row.client_id));
    }
}

impl KeptTable for ticket::Entity {
    const PART: Part = Part::Tickets;

    /// The problem ticket first, then in the order in which they arrived.
    fn put_in_order(rows: &mut [ticket::Model]) {
        rows.sort_by_key(|row| !row.parent);
    }
}

/// The rows of an incident, if they are known.
pub fn known<E: KeptTable>(ctx: &Ctx, version: Version) -> Option<Arc<Vec<E::Model>>> {
    ctx.kept.get(version, E::PART)
}

/// The rows of incidents that the caller has seen in these versions, at least as new as these: those that are known, and the others from the database.
pub(crate) async fn of<E: KeptTable>(ctx: &Ctx, versions: &[Version]) -> Result<HashMap<Version, Arc<Vec<E::Model>>>> {
    let mut found: HashMap<Version, _> = versions.iter().filter_map(|version| Some((*version, known::<E>(ctx, *version)?))).collect();
    let news: Vec<Version> = versions.iter().copied().filter(|version| !found.contains_key(version)).collect();
    if !news.is_empty() {
        found.extend(read::<E>(ctx, &news).await?);
    }
    Ok(found)
}

/// The rows of a version among those that were found.
pub(crate) fn rows<T>(found: &HashMap<Version, Arc<Vec<T>>>, version: Version) -> &[T] {
    found.get(&version).map_or(&[], |rows| rows)
}

/// The same as [`of`], from the database, whatever is known.
pub async fn read<E: KeptTable>(ctx: &Ctx, versions: &[Version]) -> Result<HashMap<Version, Arc<Vec<E::Model>>>> {
    let mut of_incident: HashMap<IncidentId, Vec<E::Model>> = HashMap::new();
    for row in sql::of_incidents::<E>(ctx, &incidents(versions)).await? {
        if let Ok(incident) = <IncidentId as ValueType>::try_from(row.get(E::INCIDENT)) {
            of_incident.entry(incident).or_default().push(row);
        }
    }
    let of_incident: HashMap<IncidentId, Arc<Vec<E::Model>>> = of_incident
        .into_iter()
        .map(|(incident, mut rows)| {
            E::put_in_order(&mut rows);
            (incident, Arc::new(rows))
        })
        .collect();
    let found: HashMap<Version, Arc<Vec<E::Model>>> =
        versions.iter().map(|version| (*version, of_incident.get(&version.incident).cloned().unwrap_or_default())).collect();
    reading::keep(ctx, found.iter().map(|(version, rows)| (*version, E::PART, rows.clone())).collect()).await?;
    Ok(found)
}
