//! Passing a role on: who could take it, where things stand, offers and their answers.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{Error, incident};
use entity::role_offer;

use super::types::{Incident, incident_if_visible, person};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::people::Person;
use crate::graphql::scalars::{Role, id};

/// Where the offer of a role stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::OfferState")]
pub enum OfferState {
    /// Waits for an answer.
    Open,
    /// Taken.
    Accepted,
    /// Not taken.
    Refused,
    /// Taken back, or overtaken by another hand-over.
    Withdrawn,
}

/// A role that was offered to a person.
#[derive(Clone)]
pub struct RoleOffer(pub role_offer::Model);

/// A role that was offered to a person. It is theirs once they accept; until then whoever holds it stays responsible.
#[Object]
impl RoleOffer {
    /// Begins with `off_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// In what.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, Some(self.0.incident_id)).await
    }
    /// Which.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// To whom.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// By whom.
    async fn offered_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.offered_by_id).await
    }
    /// When.
    async fn offered_at(&self) -> DateTime<Utc> {
        self.0.offered_at
    }
    /// What the one before wants the new holder to know.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
    /// Where things stood when it was offered. Markdown.
    async fn brief(&self) -> &str {
        &self.0.brief
    }
    /// Where the offer stands.
    async fn state(&self) -> OfferState {
        self.0.state.into()
    }
    /// When it was answered or taken back.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
}

/// Somebody who could take a role over.
#[derive(SimpleObject)]
pub struct HandoverCandidate {
    /// Who.
    person: Person,
    /// Neither leads an incident nor has held a tiring role for long.
    rested: bool,
    /// What speaks for or against them.
    reason: String,
}

impl From<incident::Candidate> for HandoverCandidate {
    fn from(candidate: incident::Candidate) -> Self {
        Self { person: Person(Arc::new(candidate.person)), rested: candidate.rested, reason: candidate.reason }
    }
}

/// The part of an incident that is about passing roles on.
pub struct IncidentHandover(pub Arc<entity::incident::Model>);

/// The part of an incident that is about passing roles on.
#[Object]
impl IncidentHandover {
    /// Roles that were offered to people, oldest first.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn role_offers(&self, gql: &Context<'_>) -> ApiResult<Vec<RoleOffer>> {
        let rows = loaders(gql).offers.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(RoleOffer).collect())
    }
    /// Where things stand, for somebody who takes over. Markdown. For responders.
    #[graphql(complexity = "100")]
    async fn handover_brief(&self, gql: &Context<'_>) -> ApiResult<String> {
        Ok(incident::brief(ctx(gql), self.0.id).await?)
    }
    /// Who could take a role over, the most suitable first: rested people, then who is on call, then by seniority. For responders.
    #[graphql(complexity = "100 + 20 * child_complexity")]
    async fn handover_candidates(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The role to pass on.")] role: Role,
    ) -> ApiResult<Vec<HandoverCandidate>> {
        let candidates = incident::candidates(ctx(gql), self.0.id, role.into()).await?;
        Ok(candidates.into_iter().map(HandoverCandidate::from).collect())
    }
}

/// A role to offer.
#[derive(InputObject)]
pub struct OfferRoleInput {
    /// In which incident.
    incident_id: ID,
    /// Which; anybody becomes a RESPONDER without being asked.
    role: Role,
    /// To whom.
    person_id: ID,
    /// What they should know beyond the brief.
    note: Option<String>,
}

/// The answer to an offer.
#[derive(InputObject)]
pub struct AnswerRoleOfferInput {
    /// Which.
    offer_id: ID,
    /// Whether one takes the role.
    accept: bool,
    /// What to say.
    note: Option<String>,
}

/// An offer and its incident after a change.
#[derive(SimpleObject)]
pub struct RoleOfferPayload {
    /// The offer.
    offer: RoleOffer,
    /// The incident, with its new version.
    incident: Incident,
}

/// Mutations that pass roles on.
#[derive(Default)]
pub struct HandoverMutation;

/// Mutations that pass roles on.
#[Object]
impl HandoverMutation {
    /// Offers a role to a person, with a brief of where things stand. An earlier offer of the same role is taken back.
    async fn offer_role(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What, to whom.")] input: OfferRoleInput,
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

    /// Takes a role that one was offered, or says no.
    async fn answer_role_offer(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which, and the answer.")] input: AnswerRoleOfferInput,
    ) -> ApiResult<RoleOfferPayload> {
        let (offer, incident) =
            incident::answer_offer(ctx(gql), id("offerId", &input.offer_id)?, input.accept, input.note.as_deref()).await?;
        Ok(RoleOfferPayload { offer: RoleOffer(offer), incident: incident.into() })
    }
}
