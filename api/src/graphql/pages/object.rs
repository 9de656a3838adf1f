//! What pages look like, and what an incident shows of them.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object};
use chrono::{DateTime, Utc};
use domain::Error;

use super::leadership::LeadershipNotice;
use super::row::Page;
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};

/// Why a person is paged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::PageReason")]
pub enum PageReason {
    /// Something was reported.
    Reported,
    /// Help is needed.
    Escalated,
    /// The leadership must know.
    Leadership,
}

#[Object(use_type_description)]
impl Page {
    /// Begins with `pag_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, Some(self.0.incident_id)).await
    }
    /// Who was paged.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// Why they were paged.
    async fn reason(&self) -> PageReason {
        self.0.reason.into()
    }
    /// The key of the step that asked for it, if any.
    async fn step(&self) -> Option<&str> {
        self.0.step_key.as_deref()
    }
    /// When they were paged.
    async fn paged_at(&self) -> DateTime<Utc> {
        self.0.paged_at
    }
    /// When they answered, or were reached another way.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
    /// Who recorded the answer: the person themselves, or someone who reached them.
    async fn answered_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.answered_by_id).await
    }
    /// What the answer said.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

/// The pages of an incident.
#[derive(Description)]
pub struct IncidentPages(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentPages {
    /// Pages, in the order they were sent.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn pages(&self, gql: &Context<'_>) -> ApiResult<Vec<Page>> {
        let rows = loaders(gql).pages.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Page).collect())
    }
    /// The leadership contacts there was a duty to tell, in the playbook's order. Empty unless the incident is or was critical or a breach.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn leadership(&self, gql: &Context<'_>) -> ApiResult<Vec<LeadershipNotice>> {
        let notices = loaders(gql).leadership.get(self.0.id).await?.unwrap_or_default();
        Ok(notices.iter().cloned().map(LeadershipNotice).collect())
    }
}
