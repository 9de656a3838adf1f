//! Passing a role on.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::incident;

use super::row::RoleOffer;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::Incident;
use crate::graphql::scalars::{Role, id};

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
