//! Paging people, and answering.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
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
    /// What it says: SEEN by default.
    answer: Option<PageAnswer>,
    /// A comment, or how the person was reached.
    note: Option<String>,
}

/// What the person who was paged says, or someone else about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "answers::Answer")]
pub enum PageAnswer {
    /// They know.
    Seen,
    /// They are incident lead from now on.
    Lead,
    /// They help whoever is at work on it already.
    Join,
    /// They can't help: the next person is paged.
    Decline,
    /// Someone tried to reach them another way and could not: the next person is paged.
    Unreached,
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
    /// Pages second line or, when they were paged and did not answer, the next in seniority. Passed over are those who lead, asked for help,
    /// or answered already.
    async fn escalate(&self, gql: &Context<'_>, #[graphql(desc = "Where, and why.")] input: EscalateInput) -> ApiResult<IncidentPayload> {
        Ok(answers::escalate(ctx(gql), id("incidentId", &input.incident_id)?, &input.reason).await?.into())
    }

    /// Answers a page. Responders may also record that they reached the person another way, or could not. What brings the person answers
    /// all their pages about the incident, and the duty to tell them as one of the leadership.
    async fn answer_page(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: AnswerPageInput) -> ApiResult<PagePayload> {
        let answer = input.answer.map_or(answers::Answer::Seen, Into::into);
        let (page, incident) = answers::answer(ctx(gql), id("pageId", &input.page_id)?, answer, input.note.as_deref()).await?;
        Ok(PagePayload { page: Page(page), incident: incident.into() })
    }
}
