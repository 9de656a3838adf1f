//! What a heartbeat looks like.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use domain::heartbeats::due;

use super::row::{Heartbeat, HeartbeatState};
use crate::graphql::catalogue::Site;
use crate::graphql::context::{ctx, loaders, public_url};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{Severity, Url};

#[Object(use_type_description)]
impl Heartbeat {
    /// Begins with `hbt_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What it is called, in its address as well.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The address that it calls, without the secret at its end: that was shown once.
    async fn address(&self, gql: &Context<'_>) -> Url {
        public_url(gql, &format!("/hooks/heartbeat/{}", self.0.name))
    }
    /// How bad its silence is.
    async fn severity(&self) -> Severity {
        self.0.severity.into()
    }
    /// How many seconds it is silent at most while all is well.
    async fn every_seconds(&self) -> i32 {
        self.0.every_seconds
    }
    /// How many seconds later it may be.
    async fn grace_seconds(&self) -> i32 {
        self.0.grace_seconds
    }
    /// The site that it belongs to.
    async fn site(&self, gql: &Context<'_>) -> ApiResult<Option<Site>> {
        let Some(site) = self.0.site_id else { return Ok(None) };
        Ok(loaders(gql).site.get(site).await?.map(Site))
    }
    /// What to know and to do when it falls silent.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
    /// How it stands.
    async fn state(&self, gql: &Context<'_>) -> HeartbeatState {
        due::state(&self.0, ctx(gql).now()).into()
    }
    /// When it last told that it lives.
    async fn last_beat_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_beat_at
    }
    /// When it should be heard from again; null while nobody waits for it.
    async fn next_expected_at(&self) -> Option<DateTime<Utc>> {
        due::next_expected(&self.0)
    }
    /// When its silence raises an alarm, or has raised one; null while nobody waits for it.
    async fn alarm_at(&self) -> Option<DateTime<Utc>> {
        self.0.expected_by
    }
    /// When it last said that it failed, unless it is well since.
    async fn failed_at(&self) -> Option<DateTime<Utc>> {
        self.0.failed_at
    }
    /// What it said then.
    async fn failure(&self) -> Option<&str> {
        self.0.failure.as_deref()
    }
    /// The incident that its silence or failure belongs to, while it lasts; null if the caller may not see it, or none was opened.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        let incident = loaders(gql).heartbeat_incident.get(self.0.id).await?;
        incident_if_visible(gql, incident).await
    }
    /// Since when nobody waits for it, because somebody wanted so.
    async fn paused_at(&self) -> Option<DateTime<Utc>> {
        self.0.paused_at
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Who added it.
    async fn created_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.created_by_id).await
    }
    /// When it got its present secret, if that is not its first.
    async fn rotated_at(&self) -> Option<DateTime<Utc>> {
        self.0.rotated_at
    }
}
