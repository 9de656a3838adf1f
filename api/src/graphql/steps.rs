//! What the playbook asks for in an incident, and how a step is settled.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::incident::{self, Listed};
use domain::playbook::steps::Stage;
use futures_util::future::try_join_all;

use super::catalogue::{Client, client};
use super::context::{ctx, loaders};
use super::error::ApiResult;
use super::incident::{Incident, IncidentPayload};
use super::people::{Person, person};
use super::scalars::{Role, id};

/// The state of a playbook step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum StepState {
    /// Asked for later.
    Upcoming,
    /// Asked for now.
    Due,
    /// Asked for a while ago.
    Overdue,
    /// It was done or decided.
    Done,
    /// Skipped.
    Waived,
}

impl From<incident::StepState> for StepState {
    fn from(state: incident::StepState) -> Self {
        match state {
            incident::StepState::Open(Stage::Upcoming) => Self::Upcoming,
            incident::StepState::Open(Stage::Due) => Self::Due,
            incident::StepState::Open(Stage::Overdue) => Self::Overdue,
            incident::StepState::Done => Self::Done,
            incident::StepState::Waived => Self::Waived,
        }
    }
}

/// Something the playbook asks for: derived from the incident, the playbook and the clock, never entered by hand.
#[derive(Description)]
pub struct NextStep(Listed);

#[Object(use_type_description)]
impl NextStep {
    /// Stable for one obligation, e.g. `client-update:3.1`.
    async fn key(&self) -> &str {
        &self.0.key
    }
    /// The playbook rule it comes from: the first part of the key.
    async fn rule(&self) -> &str {
        self.0.key.split(':').next().unwrap_or_default()
    }
    /// What to do.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// Why, for someone who is tired.
    async fn why(&self) -> &str {
        &self.0.why
    }
    /// The role that owns it. If nobody has the role, the lead is reminded, otherwise whoever is on call.
    async fn audience(&self) -> Vec<Role> {
        self.0.audience.iter().copied().map(Role::from).collect()
    }
    /// Who does it, if that is one person.
    async fn assignee(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.assignee).await
    }
    /// The clients it is about, for an update or a closing word: those who wait to hear from us.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn clients(&self, gql: &Context<'_>) -> ApiResult<Vec<Client>> {
        Ok(try_join_all(self.0.clients.iter().map(|id| client(gql, Some(*id)))).await?.into_iter().flatten().collect())
    }
    /// When it becomes due.
    async fn due_at(&self) -> DateTime<Utc> {
        self.0.due_at
    }
    /// When it becomes or became overdue; null once it is over.
    async fn overdue_at(&self) -> Option<DateTime<Utc>> {
        self.0.overdue_at
    }
    /// Its state now.
    async fn state(&self) -> StepState {
        self.0.state.into()
    }
    /// When people were last reminded of it.
    async fn reminded_at(&self) -> Option<DateTime<Utc>> {
        self.0.reminded_at
    }
    /// Until when people are left alone with it, as they asked; null if they did not.
    async fn snoozed_until(&self) -> Option<DateTime<Utc>> {
        self.0.snoozed_until
    }
    /// Who settled it; null if it simply happened.
    async fn settled_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.settled_by).await
    }
    /// What was decided, or why it was skipped.
    async fn settlement(&self) -> Option<&str> {
        self.0.settlement.as_deref()
    }
    /// For the review: the first time slot that the playbook would take.
    async fn proposed_at(&self) -> Option<DateTime<Utc>> {
        self.0.proposed_at
    }
}

/// What the playbook asks for in an incident.
#[derive(Description)]
pub struct IncidentSteps(pub Incident);

#[Object(use_type_description)]
impl IncidentSteps {
    /// What the playbook asks for now and next, most urgent first. The console and the reminders use this same list.
    #[graphql(complexity = "1 + 6 * child_complexity")]
    async fn next_steps(
        &self,
        gql: &Context<'_>,
        #[graphql(
            desc = "Include steps people were reminded of that are over: done, decided, skipped, or no longer asked for.",
            default_with = "Some(false)"
        )]
        include_settled: Option<bool>,
    ) -> ApiResult<Vec<NextStep>> {
        let loader = if include_settled == Some(true) { &loaders(gql).all_steps } else { &loaders(gql).open_steps };
        let steps = loader.get(self.0.row()).await?.unwrap_or_default();
        Ok(steps.iter().cloned().map(NextStep).collect())
    }
}

/// A decision about a playbook step.
#[derive(InputObject)]
pub struct SettleStepInput {
    /// The incident.
    incident_id: ID,
    /// The step: a key of `nextSteps`.
    key: String,
    /// True to skip it, with the reason in `note`. By default it is marked done or decided.
    #[graphql(default_with = "Some(false)")]
    waive: Option<bool>,
    /// What was decided and why; optional only for a notice that was posted.
    note: Option<String>,
}

/// A step whose reminders have to wait.
#[derive(InputObject)]
pub struct SnoozeStepInput {
    /// The incident.
    incident_id: ID,
    /// The step: a key of `nextSteps`.
    key: String,
    /// For how many minutes nobody is reminded of it: 10, 20 or 30.
    minutes: i32,
    /// Why, for anyone who asks tomorrow.
    note: String,
}

/// Mutations of steps.
#[derive(Default, Description)]
pub struct StepMutation;

#[Object(use_type_description)]
impl StepMutation {
    /// Records what was decided about a playbook step, or skips it. A step that another mutation does can only be skipped;
    /// `extensions.missing` names that mutation.
    async fn settle_step(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The step and the decision.")] input: SettleStepInput,
    ) -> ApiResult<IncidentPayload> {
        let (incident, waive) = (id("incidentId", &input.incident_id)?, input.waive == Some(true));
        Ok(incident::settle_step(ctx(gql), incident, &input.key, waive, input.note.as_deref()).await?.into())
    }

    /// Puts the reminders of a step off for some minutes. It stays due, and the timeline says why.
    async fn snooze_step(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The step, and for how long.")] input: SnoozeStepInput,
    ) -> ApiResult<IncidentPayload> {
        let incident = id("incidentId", &input.incident_id)?;
        Ok(incident::snooze_step(ctx(gql), incident, &input.key, input.minutes.into(), &input.note).await?.into())
    }
}
