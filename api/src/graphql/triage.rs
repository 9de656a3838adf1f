//! Whether a report is an incident: the questions, the answers, and the verdict.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::incident::triage;
use entity::{client, triage_answer};
use futures_util::future::try_join_all;

use super::catalogue::Site;
use super::context::{ctx, loaders};
use super::error::ApiResult;
use super::incident::{Incident, IncidentPayload, sites_of};
use super::people::{Person, person};
use super::scalars::{TriageRecommendation, TriageVerdict, id};

/// Help with deciding whether a report is an incident.
#[derive(Description)]
pub struct Triage {
    incident: Incident,
    answers: Arc<Vec<triage_answer::Model>>,
}

impl Triage {
    /// Loads the help for an incident.
    pub async fn load(gql: &Context<'_>, incident: &Incident) -> ApiResult<Self> {
        Ok(Self { incident: incident.clone(), answers: loaders(gql).triage.get(incident.read_as()).await?.unwrap_or_default() })
    }

    fn advice(&self, gql: &Context<'_>) -> triage::TriageAdvice {
        triage::advise(&ctx(gql).playbook().criteria, &self.answers)
    }
}

#[Object(use_type_description)]
impl Triage {
    /// The playbook's questions, with the answers so far.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn criteria(&self, gql: &Context<'_>) -> Vec<TriageCriterion> {
        let answer = |key: &str| self.answers.iter().find(|row| row.criterion == key).cloned();
        let playbook = ctx(gql).playbook();
        let criteria = playbook.criteria.iter();
        criteria.map(|criterion| TriageCriterion { criterion: criterion.clone(), answer: answer(&criterion.key) }).collect()
    }
    /// What the answers suggest. Advice only: people declare or decline.
    async fn recommendation(&self, gql: &Context<'_>) -> TriageRecommendation {
        self.advice(gql).recommendation.into()
    }
    /// Why, in words.
    async fn reasons(&self, gql: &Context<'_>) -> Vec<String> {
        self.advice(gql).reasons
    }
    /// What to bear in mind about each of the sites.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn sites(&self, gql: &Context<'_>) -> ApiResult<Vec<TriageSite>> {
        let sites = sites_of(gql, &self.incident).await?;
        let with_client = async |site: Arc<entity::site::Model>| -> ApiResult<TriageSite> {
            let client = match site.client_id {
                Some(client) => loaders(gql).client.get(client).await?,
                None => None,
            };
            Ok(TriageSite { site, client })
        };
        try_join_all(sites.into_iter().map(with_client)).await
    }
}

/// A triage question: whether a criterion that makes a report an incident is met.
#[derive(Description)]
pub struct TriageCriterion {
    criterion: domain::playbook::ChecklistItem,
    answer: Option<triage_answer::Model>,
}

#[Object(use_type_description)]
impl TriageCriterion {
    /// Its key.
    async fn key(&self) -> &str {
        &self.criterion.key
    }
    /// The criterion, in words.
    async fn text(&self) -> &str {
        &self.criterion.text
    }
    /// Whether it is met; null until someone answers.
    async fn answer(&self) -> Option<TriageVerdict> {
        Some(self.answer.as_ref()?.answer.into())
    }
    /// How we know.
    async fn note(&self) -> Option<&str> {
        self.answer.as_ref()?.note.as_deref()
    }
    /// Who answered.
    async fn answered_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.answer.as_ref().and_then(|row| row.answered_by_id)).await
    }
    /// When they answered.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        Some(self.answer.as_ref()?.answered_at)
    }
}

/// A site of a report, and what to bear in mind about it.
#[derive(Description)]
pub struct TriageSite {
    site: Arc<entity::site::Model>,
    client: Option<Arc<client::Model>>,
}

#[Object(use_type_description)]
impl TriageSite {
    /// The site.
    async fn site(&self) -> Site {
        Site(self.site.clone())
    }
    /// What speaks for or against an incident there; empty if nothing is known.
    async fn weighing(&self, gql: &Context<'_>) -> Vec<String> {
        let ctx = ctx(gql);
        let local = ctx.now().with_timezone(&ctx.playbook().working_hours.zone).naive_local();
        triage::weigh(&self.site, self.client.as_deref(), local)
    }
}

/// Answers to triage questions.
#[derive(InputObject)]
pub struct AnswerTriageInput {
    /// The incident, in triage.
    incident_id: ID,
    /// The answers; omitted criteria keep theirs.
    answers: Vec<TriageAnswerInput>,
}

/// An answer to a triage question.
#[derive(InputObject)]
pub struct TriageAnswerInput {
    /// The question's key.
    criterion: String,
    /// Whether it is met.
    answer: TriageVerdict,
    /// How we know; omitting it removes an earlier note.
    note: Option<String>,
}

/// Mutations about triage.
#[derive(Default, Description)]
pub struct TriageMutation;

#[Object(use_type_description)]
impl TriageMutation {
    /// Answers triage questions about a report.
    async fn answer_triage(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The answers.")] input: AnswerTriageInput,
    ) -> ApiResult<IncidentPayload> {
        let answer =
            |given: TriageAnswerInput| triage::TriageAnswer { criterion: given.criterion, answer: given.answer.into(), note: given.note };
        let answers = input.answers.into_iter().map(answer).collect();
        Ok(triage::answer(ctx(gql), id("incidentId", &input.incident_id)?, answers).await?.into())
    }
}
