//! An incident, as others refer to it.

use std::sync::Arc;

use async_graphql::{Context, Description, SimpleObject};

use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;

/// An unplanned interruption or loss of quality, and everything about it.
#[derive(Clone, Description)]
pub struct Incident(pub Arc<entity::incident::Model>);

impl From<entity::incident::Model> for Incident {
    fn from(row: entity::incident::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// The incident `id`, unless the caller may not see it.
pub async fn incident_if_visible(gql: &Context<'_>, id: Option<entity::IncidentId>) -> ApiResult<Option<Incident>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).incident.get(id).await?.map(Incident))
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
