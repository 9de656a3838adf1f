//! Saying whether a known event helped.

use async_graphql::{Context, Description, ID, InputObject, Object};
use domain::Error;
use domain::known::{self, Subject};
use entity::{IncidentId, OpsPageId};

use super::object::KnownEventVerdict;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::IncidentPayload;
use crate::graphql::scalars::id;

/// What you say of a known event.
#[derive(InputObject)]
pub struct RateKnownEventInput {
    /// The incident in which it helped, or not.
    incident_id: ID,
    /// The id of the page of the ops docs, or of the past incident.
    known_event_id: ID,
    /// What you say; null takes back what you said.
    verdict: Option<KnownEventVerdict>,
}

/// Mutations about known events.
#[derive(Default, Description)]
pub struct KnownMutation;

#[Object(use_type_description)]
impl KnownMutation {
    /// Says that a known event helped, or is out of date. It is ranked by that from then on, and the timeline says so.
    async fn rate_known_event(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What you say of it.")] input: RateKnownEventInput,
    ) -> ApiResult<IncidentPayload> {
        let (incident, subject) = (id("incidentId", &input.incident_id)?, subject(&input.known_event_id)?);
        Ok(known::rate(ctx(gql), incident, subject, input.verdict.map(Into::into)).await?.into())
    }
}

fn subject(given: &ID) -> ApiResult<Subject> {
    let page = OpsPageId::parse(given).map(Subject::Page);
    let subject = page.or_else(|| IncidentId::parse(given).map(Subject::Incident));
    Ok(subject.ok_or_else(|| Error::invalid("knownEventId", "knownEventId must be an id that begins with ops_ or inc_."))?)
}
