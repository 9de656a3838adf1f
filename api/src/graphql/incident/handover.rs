//! Handing a role over: who could take it, the state of the incident, offers and their answers.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{Error, incident};
use entity::role_offer;

use super::types::{Incident, incident_if_visible, person};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::people::Person;
use crate::graphql::scalars::{Role, id};

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

/// An offer of a role to a person. The role is theirs once they accept; until then its present holder stays responsible.
#[derive(Clone, Description)]
pub struct RoleOffer(pub role_offer::Model);

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
    async fn handover_brief(&self, gql: &Context<'_>) -> ApiResult<String> {
        Ok(incident::brief(ctx(gql), self.0.id).await?)
    }
    /// Who could take a role over, most suitable first: rested people, then those on call, then by seniority. For responders.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn handover_candidates(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The role to hand over.")] role: Role,
    ) -> ApiResult<Vec<HandoverCandidate>> {
        let candidates = incident::candidates(ctx(gql), self.0.id, role.into()).await?;
        Ok(candidates.into_iter().map(HandoverCandidate::from).collect())
    }
}

/// A role to offer.
#[derive(InputObject)]
pub struct OfferRoleInput {
    /// The incident.
    incident_id: ID,
    /// The role. RESPONDER needs no offer: use `assignRole`.
    role: Role,
    /// The person to offer it to.
    person_id: ID,
    /// What they should know beyond the brief.
    note: Option<String>,
}

/// The answer to an offer.
#[derive(InputObject)]
pub struct AnswerRoleOfferInput {
    /// The offer.
    offer_id: ID,
    /// Whether you take the role.
    accept: bool,
    /// A comment.
    note: Option<String>,
}

/// A changed offer and its incident.
#[derive(SimpleObject)]
pub struct RoleOfferPayload {
    /// The offer.
    offer: RoleOffer,
    /// The incident, at its new version.
    incident: Incident,
}

/// Mutations that pass roles on.
#[derive(Default, Description)]
pub struct HandoverMutation;

#[Object(use_type_description)]
impl HandoverMutation {
    /// Offers a role to a person, with a brief on the state of the incident. An earlier offer of the same role is withdrawn.
    async fn offer_role(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The role and the person.")] input: OfferRoleInput,
    ) -> ApiResult<RoleOfferPayload> {
        let offer = incident::Offer {
            incident_id: id("incidentId", &input.incident_id)?,
            role: input.role.into(),
            person_id: id("personId", &input.person_id)?,
            note: input.note,
        };
        let (offer, incident) = incident::offer(ctx(gql), offer).await?;
        Ok(RoleOfferPayload { offer: RoleOffer(offer), incident: incident.into() })
    }

    /// Accepts or declines a role that you were offered.
    async fn answer_role_offer(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The offer and your answer.")] input: AnswerRoleOfferInput,
    ) -> ApiResult<RoleOfferPayload> {
        let (offer, incident) =
            incident::answer_offer(ctx(gql), id("offerId", &input.offer_id)?, input.accept, input.note.as_deref()).await?;
        Ok(RoleOfferPayload { offer: RoleOffer(offer), incident: incident.into() })
    }
}
