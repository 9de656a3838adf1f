//! Rows next to incidents, as [`kept`](super::kept) may keep them.
//!
//! Called by `api`'s loaders, which first ask [`known`], and for all that is not known [`read`] once. What they are asked for has the version of
//! an incident that its caller was shown in the same request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::{
    IncidentId, Timestamp, action, checklist_item, goal, incident, incident_access, incident_client, incident_site, role_assignment,
};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Expr, ValueType};
use sea_orm::{ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QuerySelect};

use super::kept::{Part, Version, Weighed};
use super::names::{MARK, Names};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::{self, OfIncident, padded};

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
    goal: Goals,
    incident_access: Access,
    incident_site: Sites,
    role_assignment: Roles,
}

impl KeptTable for incident_client::Entity {
    const PART: Part = Part::Clients;

    /// Those affected longest first.
    fn put_in_order(rows: &mut [incident_client::Model]) {
        rows.sort_by_key(|row| (row.since, row.client_id));
    }
}

/// The rows of an incident, if they are known.
pub fn known<E: KeptTable>(ctx: &Ctx, version: Version) -> Option<Arc<Vec<E::Model>>> {
    ctx.kept.get(version, E::PART)
}

/// The rows of incidents that the caller has seen in these versions, at least as new as these, from the database.
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
    for version in unchanged(ctx, versions).await? {
        if let Some(rows) = found.get(&version) {
            ctx.kept.keep(version, E::PART, rows.clone());
        }
    }
    Ok(found)
}

/// Those of `versions` that their incidents still have. What was read since these versions were is theirs ([`super::kept`] says why), but only if
/// this is asked afterwards. None if nothing is kept anyway.
pub async fn unchanged(ctx: &Ctx, versions: &[Version]) -> Result<HashSet<Version>> {
    Ok(standing(ctx, versions).await?.into_keys().collect())
}

/// The same, with the names as they are then. What has names in it that were read since the same mark was there is right for that mark.
pub async fn standing(ctx: &Ctx, versions: &[Version]) -> Result<HashMap<Version, Option<Names>>> {
    use incident::Column::{ChangedAt, Id, Version as Number};
    if !ctx.kept.is_on() || versions.is_empty() {
        return Ok(HashMap::new());
    }
    let select = incident::Entity::find().select_only().columns([Id, Number, ChangedAt]).expr(Expr::cust(MARK));
    let select = select.filter(Id.is_in(padded(&incidents(versions))));
    let now = select.into_tuple::<(IncidentId, i32, Timestamp, Option<Uuid>)>().all(ctx.db.read()).await?.into_iter();
    let now: HashMap<Version, Option<Names>> =
        now.map(|(incident, number, changed_at, mark)| (Version { incident, number, changed_at }, mark.map(Names))).collect();
    Ok(versions.iter().filter_map(|version| Some((*version, *now.get(version)?))).collect())
}

/// The incidents, each once: one may be there in two versions.
fn incidents(versions: &[Version]) -> Vec<IncidentId> {
    let mut ids: Vec<IncidentId> = versions.iter().map(|version| version.incident).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
