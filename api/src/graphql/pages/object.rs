//! What pages look like, and what an incident shows of them.

use async_graphql::{Context, Description, Enum, ID, Object};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::authz::Right;
use domain::telling::ways;

use super::leadership::LeadershipNotice;
use super::row::Page;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::DeliveryState;
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

/// How a page was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::AnsweredHow")]
pub enum AnsweredHow {
    /// By the link in the message.
    Link,
    /// By the person themselves, signed in.
    SignedIn,
    /// Someone reached them another way.
    ByHand,
    /// By the person's answer to another page about the same incident.
    OtherPage,
}

/// Why it is known that a page brings nobody, so that the next person is paged at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::PageLoss")]
pub enum PageLoss {
    /// It could not leave: there is no way to send it, or it was refused.
    Unsent,
    /// Someone tried to reach the person another way, without success.
    Unreached,
    /// The person can't help.
    Declined,
    /// The person has left the team, or may no longer respond.
    Left,
}

/// One way by which a page goes to its person.
#[derive(Description)]
pub struct PageWay(pub ways::Way);

#[Object(use_type_description)]
impl PageWay {
    /// The system that carries it, e.g. `email`.
    async fn system(&self) -> &str {
        self.0.system.as_str()
    }
    /// How far it has come.
    async fn state(&self) -> DeliveryState {
        self.0.state.into()
    }
    /// When it was ordered.
    async fn asked_at(&self) -> DateTime<Utc> {
        self.0.asked_at
    }
    /// How often Muster has tried to send it.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }
    /// When the system accepted it. A mail server that accepts a mail has not shown it to anyone yet.
    async fn accepted_at(&self) -> Option<DateTime<Utc>> {
        self.0.accepted_at
    }
    /// When someone told the person instead.
    async fn by_hand_at(&self) -> Option<DateTime<Utc>> {
        self.0.by_hand_at
    }
    /// Why the last attempt failed. For responders.
    async fn problem(&self, gql: &Context<'_>) -> Option<&str> {
        self.0.problem.as_deref().filter(|_| ctx(gql).actor.may(Right::Respond))
    }
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
    /// Why, in words.
    async fn why(&self) -> Option<&str> {
        self.0.why.as_deref()
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
    /// How it was answered.
    async fn answered_how(&self) -> Option<AnsweredHow> {
        self.0.answered_how.map(Into::into)
    }
    /// Who reported or asked for help; null when Muster paged on its own.
    async fn asked_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.asked_by_id).await
    }
    /// When it became known that it brings nobody, and the next person was paged at once.
    async fn lost_at(&self) -> Option<DateTime<Utc>> {
        self.0.lost_at
    }
    /// Why it brings nobody.
    async fn lost(&self) -> Option<PageLoss> {
        self.0.lost.map(Into::into)
    }
    /// The ways by which it goes to the person, all at once: the first answer counts.
    #[graphql(complexity = "1 + 2 * child_complexity")]
    async fn ways(&self, gql: &Context<'_>) -> ApiResult<Vec<PageWay>> {
        let rows = loaders(gql).page_ways.get(self.0.incident_id).await?.unwrap_or_default();
        let own = rows.iter().filter(|(_, way)| way.page == self.0.id);
        Ok(own.map(|(_, way)| PageWay(way.clone())).collect())
    }
    /// What the answer said.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }
}

/// The pages of an incident.
#[derive(Description)]
pub struct IncidentPages(pub Incident);

#[Object(use_type_description)]
impl IncidentPages {
    /// Pages, in the order they were sent.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn pages(&self, gql: &Context<'_>) -> ApiResult<Vec<Page>> {
        let rows = loaders(gql).pages.get(self.0.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(Page).collect())
    }
    /// The leadership contacts there was a duty to tell, in the playbook's order. Empty unless the incident is or was critical or a breach.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn leadership(&self, gql: &Context<'_>) -> ApiResult<Vec<LeadershipNotice>> {
        let notices = loaders(gql).leadership.get(self.0.row()).await?.unwrap_or_default();
        Ok(notices.iter().cloned().map(LeadershipNotice).collect())
    }
}
