//! Paging people, and answering.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::telling::answers;

use super::row::Page;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, IncidentPayload};
use crate::graphql::scalars::id;

/// A request for help.
#[derive(InputObject)]
pub struct EscalateInput {
    /// The incident.
    incident_id: ID,
    /// What help is needed for.
    reason: String,
}

/// The answer to a page.
#[derive(InputObject)]
pub struct AnswerPageInput {
    /// The page.
    page_id: ID,
    /// A comment, or how the person was reached.
    note: Option<String>,
}

/// A changed page and its incident.
#[derive(SimpleObject)]
pub struct PagePayload {
    /// The page.
    page: Page,
    /// The incident, at its new version.
    incident: Incident,
}

/// Mutations that page people.
#[derive(Default, Description)]
pub struct PageMutation;

#[Object(use_type_description)]
impl PageMutation {
    /// Calls second line; when they were called and did not answer, the next in seniority.
    async fn escalate(&self, gql: &Context<'_>, #[graphql(desc = "Where, and why.")] input: EscalateInput) -> ApiResult<IncidentPayload> {
        Ok(answers::escalate(ctx(gql), id("incidentId", &input.incident_id)?, &input.reason).await?.into())
    }

    /// Answers a page. Responders may also record that they reached the person another way.
    async fn answer_page(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: AnswerPageInput) -> ApiResult<PagePayload> {
        let (page, incident) = answers::answer(ctx(gql), id("pageId", &input.page_id)?, input.note.as_deref()).await?;
        Ok(PagePayload { page: Page(page), incident: incident.into() })
    }
}
