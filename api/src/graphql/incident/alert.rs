//! What monitoring reported.

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::alerts::flapping;
use entity::alert;

use super::row::{Incident, incident_if_visible};
use crate::graphql::error::ApiResult;

/// An alert from a monitoring system, from firing to ending; while it flaps, all its firings are one.
#[derive(Clone, Description)]
pub struct Alert(pub alert::Model);

#[Object(use_type_description)]
impl Alert {
    /// Begins with `alt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The system that sent it, e.g. `alertmanager`.
    async fn source(&self) -> &str {
        &self.0.source
    }
    /// Its identity there.
    async fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }
    /// What it says.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Whether it is firing.
    async fn firing(&self) -> bool {
        self.0.firing
    }
    /// Whether it flaps: it fires and ends within minutes, again and again. Its changes are counted then and not written on the timeline.
    async fn flapping(&self) -> bool {
        flapping::flaps(&self.0)
    }
    /// How often it began to fire or ended.
    async fn changes(&self) -> i32 {
        flapping::changes(&self.0)
    }
    /// When it began to fire; if it flaps, the last time.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }
    /// When it ended.
    async fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.0.ends_at
    }
    /// How often it was sent.
    async fn count(&self) -> i32 {
        self.0.count
    }
    /// The incident it opened or joined; also null if you may not see that one.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.0.incident_id).await
    }
    /// Its labels.
    async fn labels(&self) -> serde_json::Value {
        self.0.labels.clone()
    }
}
