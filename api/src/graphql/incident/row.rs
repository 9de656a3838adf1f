//! An incident, as others refer to it.

use std::sync::Arc;

use async_graphql::{Context, Description, SimpleObject};
use domain::incident::kept::Version;
use entity::site;
use futures_util::future::try_join_all;

use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::loaders::IncidentRow;

/// An unplanned interruption or loss of quality, and everything about it.
#[derive(Clone, Description)]
pub struct Incident(pub Arc<entity::incident::Model>);

impl From<Arc<entity::incident::Model>> for Incident {
    fn from(row: Arc<entity::incident::Model>) -> Self {
        Self(row)
    }
}

impl From<entity::incident::Model> for Incident {
    fn from(row: entity::incident::Model) -> Self {
        Self(Arc::new(row))
    }
}

impl Incident {
    /// What it was read as.
    pub fn read_as(&self) -> Version {
        Version::from(&*self.0)
    }

    /// What to look up by it that is made of its row.
    pub fn row(&self) -> IncidentRow {
        IncidentRow(self.0.clone())
    }
}

/// The incident `id`, unless the caller may not see it.
pub async fn incident_if_visible(gql: &Context<'_>, id: Option<entity::IncidentId>) -> ApiResult<Option<Incident>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).incident.get(id).await?.map(Incident))
}

/// The sites that an incident is about, by name.
pub async fn sites_of(gql: &Context<'_>, incident: &Incident) -> ApiResult<Vec<Arc<site::Model>>> {
    let rows = loaders(gql).incident_sites.get(incident.read_as()).await?.unwrap_or_default();
    let sites = try_join_all(rows.iter().map(|row| loaders(gql).site.get(row.site_id))).await?;
    let mut sites: Vec<_> = sites.into_iter().flatten().collect();
    sites.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
    Ok(sites)
}

/// The changed incident.
#[derive(SimpleObject)]
pub struct IncidentPayload {
    /// The incident, at its new version.
    incident: Incident,
}

impl From<entity::incident::Model> for IncidentPayload {
    fn from(row: entity::incident::Model) -> Self {
        Self { incident: row.into() }
    }
}
