//! Who was called to an incident, and the record of the duty to tell the leadership.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
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

/// Why a person is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::PageReason")]
pub enum PageReason {
    /// Something was reported.
    Reported,
    /// Help is wanted.
    Escalated,
    /// The leadership must know.
    Leadership,
}

/// Where the duty to tell one contact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "duty::DutyState")]
pub enum LeadershipState {
    /// Nothing has been done yet.
    NotTold,
    /// They were called; whether the word has arrived is not known.
    Called,
    /// The word has arrived; they have not answered.
    Told,
    /// They did not answer in time, and somebody else was told.
    Fallback,
    /// They know.
    Answered,
    /// Somebody decided that they need not be told.
    Waived,
}

/// A call to a person.
#[derive(Clone)]
pub struct Page(pub page::Model);

/// A call to a person, which no wish to be left alone silences.
#[Object]
impl Page {
    /// Begins with `pag_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// To what.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, Some(self.0.incident_id)).await
    }
    /// Who was called.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// Why.
    async fn reason(&self) -> PageReason {
        self.0.reason.into()
    }
    /// The key of the step that asked for it, if one did.
    async fn step(&self) -> Option<&str> {
        self.0.step_key.as_deref()
    }
    /// When.
    async fn paged_at(&self) -> DateTime<Utc> {
        self.0.paged_at
    }
    /// When they answered, or were reached another way.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
    /// Who said so: the person, or somebody who reached them.
    async fn answered_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.answered_by_id).await
    }
    /// What was said.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

/// What is known of the duty to tell one of the leadership.
pub struct LeadershipNotice(duty::LeadershipNotice);

/// What is known of the duty to tell one of the leadership. Derived from pages, deliveries and steps.
#[Object]
impl LeadershipNotice {
    /// The contact's key in the playbook, e.g. `dpo`.
    async fn contact(&self) -> &str {
        &self.0.contact
    }
    /// What people call the contact.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Who that is: the person who was called, else who would be; empty where the playbook names nobody on the team.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.person).await
    }
    /// When they were called, or somebody was asked to tell them.
    async fn called_at(&self) -> Option<DateTime<Utc>> {
        self.0.called_at
    }
    /// When the word is known to have reached them: the mail arrived, a person told them, or they answered.
    async fn told_at(&self) -> Option<DateTime<Utc>> {
        self.0.told_at
    }
    /// When they are known to know.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }
    /// When somebody else was told instead, because they did not answer.
    async fn fallback_at(&self) -> Option<DateTime<Utc>> {
        self.0.fallback_at
    }
    /// Who was told instead.
    async fn fallback_person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.fallback_person).await
    }
    /// What it comes to.
    async fn state(&self) -> LeadershipState {
        self.0.state.into()
    }
}

/// The part of an incident that is about who was called.
pub struct IncidentPages(pub Arc<entity::incident::Model>);

/// The part of an incident that is about who was called.
#[Object]
impl IncidentPages {
    /// Who was called, in order.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn pages(&self, gql: &Context<'_>) -> ApiResult<Vec<Page>> {
        let rows = loaders(gql).pages.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Page).collect())
    }
    /// Whom of the leadership one had a duty to tell, in the playbook's order. Empty unless it is critical or a breach, or was.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn leadership(&self, gql: &Context<'_>) -> ApiResult<Vec<LeadershipNotice>> {
        let notices = loaders(gql).leadership.get(self.0.id).await?.unwrap_or_default();
        Ok(notices.iter().cloned().map(LeadershipNotice).collect())
    }
}

/// A call for help.
#[derive(InputObject)]
pub struct EscalateInput {
    /// In which incident.
    incident_id: ID,
    /// What help is wanted for.
    reason: String,
}

/// The answer to a page.
#[derive(InputObject)]
pub struct AnswerPageInput {
    /// Which.
    page_id: ID,
    /// What to say, or how the person was reached.
    note: Option<String>,
}

/// A page and its incident after a change.
#[derive(SimpleObject)]
pub struct PagePayload {
    /// The page.
    page: Page,
    /// The incident, with its new version.
    incident: Incident,
}

/// Mutations that call people.
#[derive(Default)]
pub struct PagerMutation;

/// Mutations that call people.
#[Object]
impl PagerMutation {
    /// Calls second line; when they were called and did not answer, the next in seniority.
    async fn escalate(&self, gql: &Context<'_>, #[graphql(desc = "Where, and why.")] input: EscalateInput) -> ApiResult<IncidentPayload> {
        Ok(answers::escalate(ctx(gql), id("incidentId", &input.incident_id)?, &input.reason).await?.into())
    }

    /// Says that one has seen a page; for responders also that they reached the person another way.
    async fn answer_page(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: AnswerPageInput) -> ApiResult<PagePayload> {
        let (page, incident) = answers::answer(ctx(gql), id("pageId", &input.page_id)?, input.note.as_deref()).await?;
        Ok(PagePayload { page: Page(page), incident: incident.into() })
    }
}
