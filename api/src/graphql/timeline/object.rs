//! What an event looks like.

use std::borrow::Cow;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::timeline::others;
use domain::timeline::rollout::Rollout;

use super::attachment::Attachment;
use super::row::TimelineEvent;
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, depends_on_caller, incident_if_visible};
use crate::graphql::people::Person;
use crate::graphql::scalars::{Deployment, Source, TimelineKind};

/// How a change was tried and put live.
#[derive(SimpleObject)]
pub struct ChangeRollout {
    /// How it was tried before; null if it was not.
    tried: Option<String>,
    /// Which way it went live.
    deployed: Deployment,
    /// Why the usual way was bypassed.
    reason: Option<String>,
}

#[Object(use_type_description)]
impl TimelineEvent {
    /// Begins with `evt_`.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// The incident it belongs to.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        if let Some(live) = &self.live {
            return Ok(Incident(live.incident.clone()));
        }
        let row = loaders(gql).incident.get(self.row.incident_id).await?.ok_or(Error::NotFound("incident"))?;
        Ok(Incident(row))
    }
    /// 1, 2, 3 … within the incident: no gaps, never reused.
    async fn sequence(&self) -> i32 {
        self.row.sequence
    }
    /// What it is about.
    async fn kind(&self) -> TimelineKind {
        self.row.kind.into()
    }
    /// When it happened.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.row.occurred_at
    }
    /// When Muster recorded it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.row.recorded_at
    }
    /// Who did or wrote it; null for programs without a person.
    async fn actor(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        let Some(actor) = self.row.actor_id else { return Ok(None) };
        if let Some(live) = &self.live {
            return Ok(live.actor.clone().map(Person));
        }
        Ok(loaders(gql).person.get(actor).await?.map(Person))
    }
    /// The way it reached Muster.
    async fn source(&self) -> Source {
        self.row.source.into()
    }
    /// Markdown, as written; empty once it was redacted. Older events that name an incident you may not see say "another incident" instead.
    async fn text(&self, gql: &Context<'_>) -> ApiResult<Cow<'_, str>> {
        let written = Cow::Borrowed(self.row.text.as_str());
        let Some(discreet) = others::without_name(&self.row) else { return Ok(written) };
        depends_on_caller(gql, self.row.incident_id);
        let is_seen = incident_if_visible(gql, others::other_incident(&self.row)).await?.is_some();
        Ok(if is_seen { written } else { discreet.into() })
    }
    /// The other incident that it is about: the one that this one was merged into, that was merged into this one, or that has the
    /// ticket. Null where there is none, or you may not see it.
    async fn other_incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        let Some(other) = others::other_incident(&self.row) else { return Ok(None) };
        depends_on_caller(gql, self.row.incident_id);
        incident_if_visible(gql, Some(other)).await
    }
    /// Data for programs: old and new value of a change, the exit code of a command …
    async fn details(&self) -> Option<serde_json::Value> {
        self.row.details.as_deref().and_then(|details| serde_json::from_str(details).ok())
    }
    /// For a CHANGE: how it was tried and put live, if that was written down.
    async fn change(&self) -> Option<ChangeRollout> {
        let details: serde_json::Value = serde_json::from_str(self.row.details.as_deref()?).ok()?;
        let Rollout { tried, deployed, reason } = Rollout::of(&details)?;
        Some(ChangeRollout { tried, deployed: deployed.into(), reason })
    }
    /// Its files.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn attachments(&self, gql: &Context<'_>) -> ApiResult<Vec<Attachment>> {
        if let Some(live) = &self.live {
            return Ok(live.attachments.iter().cloned().map(Attachment).collect());
        }
        let rows = loaders(gql).event_files.get(self.row.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Attachment).collect())
    }
    /// Whether it is a key moment, to be discussed in the review.
    async fn starred(&self) -> bool {
        self.row.starred
    }
    /// Later corrections, oldest first; the original stays.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn amendments(&self, gql: &Context<'_>) -> ApiResult<Vec<TimelineEvent>> {
        let rows = loaders(gql).amendments.get(self.row.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(TimelineEvent::from).collect())
    }
    /// The id of the event it corrects.
    async fn amends(&self) -> Option<ID> {
        self.row.amends_id.map(|id| ID(id.to_string()))
    }
    /// When what it said was taken out: text, details and files. Null unless it was. A later REDACTION says by whom and why.
    async fn redacted_at(&self) -> Option<DateTime<Utc>> {
        self.row.redacted_at
    }
    /// SHA-256 of the previous event's hash and this event as it was written, in hex. `muster verify` checks the chain.
    async fn hash(&self) -> String {
        hex::encode(&self.row.hash)
    }
}
