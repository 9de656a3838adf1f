//! What offers look like: who could take a role over, and where things are.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{Error, incident};

use super::row::RoleOffer;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::Role;

/// The state of a role offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::OfferState")]
pub enum OfferState {
    /// Not answered yet.
    Open,
    /// Accepted.
    Accepted,
    /// Declined.
    Refused,
    /// Withdrawn, or superseded by another hand-over.
    Withdrawn,
}

#[Object(use_type_description)]
impl RoleOffer {
    /// Begins with `off_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, Some(self.0.incident_id)).await
    }
    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// The person it was offered to.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// Who offered it.
    async fn offered_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.offered_by_id).await
    }
    /// When it was offered.
    async fn offered_at(&self) -> DateTime<Utc> {
        self.0.offered_at
    }
    /// What the new holder should know.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
    /// The state of the incident when the role was offered. Markdown.
    async fn brief(&self) -> &str {
        &self.0.brief
    }
    /// The state of the offer.
    async fn state(&self) -> OfferState {
        self.0.state.into()
    }
    /// When it was answered or withdrawn.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
}

/// Someone who could take a role over.
#[derive(SimpleObject)]
pub struct HandoverCandidate {
    /// The person.
    person: Person,
    /// True if they neither lead an incident nor have held a tiring role for long.
    rested: bool,
    /// What speaks for or against them.
    reason: String,
}

impl From<incident::Candidate> for HandoverCandidate {
    fn from(candidate: incident::Candidate) -> Self {
        Self { person: Person(Arc::new(candidate.person)), rested: candidate.rested, reason: candidate.reason }
    }
}

/// An incident's hand-overs.
#[derive(Description)]
pub struct IncidentHandover(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentHandover {
    /// Offers of roles, oldest first.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn role_offers(&self, gql: &Context<'_>) -> ApiResult<Vec<RoleOffer>> {
        let rows = loaders(gql).offers.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(RoleOffer).collect())
    }
    /// A summary of the incident for someone who takes over. Markdown. For responders.
    #[graphql(complexity = "100")]
    async fn handover_brief(&self, gql: &Context<'_>) -> ApiResult<Option<String>> {
        Ok(Some(incident::brief(ctx(gql), self.0.id).await?))
    }
    /// Who could take a role over, most suitable first: rested people, then those on call, then by seniority. For responders.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn handover_candidates(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The role to hand over.")] role: Role,
    ) -> ApiResult<Option<Vec<HandoverCandidate>>> {
        let candidates = incident::candidates(ctx(gql), self.0.id, role.into()).await?;
        Ok(Some(candidates.into_iter().map(HandoverCandidate::from).collect()))
    }
}
