//! Who was paged for an incident, and the record of the duty to tell the leadership.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::telling::{answers, duty};
use entity::page;

use super::mutation::IncidentPayload;
use super::types::{Incident, incident_if_visible, person};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::people::Person;
use crate::graphql::scalars::id;

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

/// How far the duty to tell one of the leadership was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "duty::DutyState")]
pub enum LeadershipState {
    /// Nothing has been done yet.
    NotTold,
    /// They were paged; whether it arrived is not known.
    Called,
    /// The page arrived; they have not answered.
    Told,
    /// They did not answer in time, and someone else was told instead.
    Fallback,
    /// They know.
    Answered,
    /// Someone decided that they need not be told.
    Waived,
}

/// A page to a person. It reaches them even where they have silenced reminders.
#[derive(Clone, Description)]
pub struct Page(pub page::Model);

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

/// What is known of the duty to tell one of the leadership.
#[derive(Description)]
pub struct LeadershipNotice(duty::LeadershipNotice);

#[Object(use_type_description)]
impl LeadershipNotice {
    /// The contact's key in the playbook, e.g. `dpo`.
    async fn contact(&self) -> &str {
        &self.0.contact
    }
    /// The contact's title.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// The person who was paged, or who would be; null if the playbook names nobody on the team.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.person).await
    }
    /// When they were paged, or someone was asked to tell them.
    async fn called_at(&self) -> Option<DateTime<Utc>> {
        self.0.called_at
    }
    /// When it is known to have reached them: the mail arrived, a person told them, or they answered.
    async fn told_at(&self) -> Option<DateTime<Utc>> {
        self.0.told_at
    }
    /// When they are known to have taken note.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
    /// When someone else was told instead, because they did not answer.
    async fn fallback_at(&self) -> Option<DateTime<Utc>> {
        self.0.fallback_at
    }
    /// Who was told instead.
    async fn fallback_person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.fallback_person).await
    }
    /// The outcome so far.
    async fn state(&self) -> LeadershipState {
        self.0.state.into()
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
pub struct PagerMutation;

#[Object(use_type_description)]
impl PagerMutation {
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
