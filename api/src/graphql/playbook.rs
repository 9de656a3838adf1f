//! The team's playbook, and its advice on severity.

use async_graphql::{Context, Description, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::playbook::simulate::{self, End, ImaginedStep, LENGTH, Scenario};
use domain::severity::{self, Answer};

use super::context::ctx;
use super::error::ApiResult;
use super::scalars::{IncidentFlag, Role, Severity, SeverityAnswer};

/// What the team asks of itself in an incident.
#[derive(SimpleObject)]
pub struct Playbook {
    /// Its name.
    name: String,
    /// Its time zone, e.g. `Europe/London`.
    time_zone: String,
    /// What the severities mean and require, worst first.
    severities: Vec<SeverityDefinition>,
    /// The rules, in the order of an incident's life.
    rules: Vec<PlaybookRule>,
    /// Where it was read from: a path, or `built in`.
    source: String,
}

/// What a severity means.
#[derive(SimpleObject)]
pub struct SeverityDefinition {
    /// The severity.
    severity: Severity,
    /// When to choose it.
    meaning: String,
    /// What it requires of the team.
    response: String,
}

/// A rule of the playbook.
#[derive(SimpleObject)]
pub struct PlaybookRule {
    /// Its key; the first part of the keys of its steps.
    key: String,
    /// What to do.
    title: String,
    /// Why it matters.
    summary: String,
}

impl From<&domain::playbook::Playbook> for Playbook {
    fn from(playbook: &domain::playbook::Playbook) -> Self {
        let severity = |of: &domain::playbook::SeverityDefinition| SeverityDefinition {
            severity: of.severity.into(),
            meaning: of.meaning.clone(),
            response: of.response.clone(),
        };
        let rule = |rule: domain::playbook::Rule| {
            let text = playbook.text(rule, rule.as_str());
            PlaybookRule { key: rule.to_string(), title: text.title, summary: text.why }
        };
        Self {
            name: playbook.name.clone(),
            time_zone: playbook.working_hours.zone.name().to_owned(),
            severities: playbook.severities.iter().map(severity).collect(),
            rules: playbook.texts.keys().copied().map(rule).collect(),
            source: playbook.source.clone(),
        }
    }
}

/// Answers to the questions that decide the severity.
#[derive(InputObject)]
pub struct SeverityAnswers {
    /// How soon someone must act.
    urgency: SeverityAnswer,
    /// How bad it is for those affected.
    impact: SeverityAnswer,
    /// How many people and systems are affected.
    extent: SeverityAnswer,
    /// Whether somebody got in, or data got out.
    #[graphql(default_with = "Some(false)")]
    security_or_data_breach: Option<bool>,
    /// Whether it happens at a time when the service is supposed to be up.
    #[graphql(default_with = "Some(true)")]
    during_expected_availability: Option<bool>,
}

/// The severity that the answers suggest. Advice only: people decide.
#[derive(SimpleObject)]
pub struct SeverityAdvice {
    /// The severity to choose.
    recommended: Severity,
    /// Why: a sentence for each answer that mattered.
    reasons: Vec<String>,
    /// Whether the answers fell between two severities and the worse one was taken.
    tie_broken: bool,
}

/// An incident to imagine, in which nobody does anything but take the lead.
#[derive(InputObject)]
pub struct SimulatePlaybookInput {
    /// How bad it is.
    severity: Severity,
    /// What is special about it.
    flags: Option<Vec<IncidentFlag>>,
    /// When it is declared: at night and at weekends the playbook asks for other things.
    declared_at: DateTime<Utc>,
    /// How many hours to look at, 1 to 48.
    #[graphql(default = 8)]
    hours: i32,
    /// How many clients are affected from the beginning, 0 to 20.
    #[graphql(default)]
    clients: u32,
    /// When somebody takes the lead; nobody does if omitted.
    lead_at: Option<DateTime<Utc>>,
}

/// What the playbook would ask for.
#[derive(SimpleObject)]
pub struct PlaybookSimulation {
    /// The steps, in the order in which they fall due.
    steps: Vec<SimulatedStep>,
    /// Whether there are more than 300, of which only the first are here.
    is_cut: bool,
}

/// A step that would fall due.
#[derive(SimpleObject)]
pub struct SimulatedStep {
    /// The key it would have, e.g. `client-update:0.1`.
    key: String,
    /// The playbook rule it comes from.
    rule: String,
    /// What to do.
    title: String,
    /// Why.
    why: String,
    /// Whose it is.
    audience: Vec<Role>,
    /// When it would fall due.
    due_at: DateTime<Utc>,
}

impl From<ImaginedStep> for SimulatedStep {
    fn from(step: ImaginedStep) -> Self {
        let ImaginedStep { key, rule, title, why, audience, due_at, .. } = step;
        Self { key, rule: rule.to_string(), title, why, audience: audience.iter().copied().map(Into::into).collect(), due_at }
    }
}

/// Queries about the playbook.
#[derive(Default, Description)]
pub struct PlaybookQuery;

#[Object(use_type_description)]
impl PlaybookQuery {
    /// What the team asks of itself in an incident.
    async fn playbook(&self, gql: &Context<'_>) -> Playbook {
        Playbook::from(&*ctx(gql).playbook())
    }

    /// What the playbook would ask for in the first hours of an incident, by the same rules as for a real one.
    #[graphql(complexity = "1_000 + 20 * child_complexity")]
    async fn simulate_playbook(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident.")] input: SimulatePlaybookInput,
    ) -> ApiResult<PlaybookSimulation> {
        let SimulatePlaybookInput { severity, flags, declared_at, hours, clients, lead_at } = input;
        let flags = flags.unwrap_or_default().into_iter().map(entity::Flag::from).collect();
        let scenario = Scenario { severity: severity.into(), flags, declared_at, end: End::After(LENGTH), clients, lead_at };
        let simulation = simulate::first_hours(&scenario, hours, &ctx(gql).playbook())?;
        Ok(PlaybookSimulation { steps: simulation.events.into_iter().map(Into::into).collect(), is_cut: simulation.is_cut })
    }

    /// The severity suggested by the answers to three questions: how urgent, how bad, how many.
    async fn severity_advice(&self, #[graphql(desc = "The answers.")] answers: SeverityAnswers) -> SeverityAdvice {
        let answer = |answer: SeverityAnswer| Answer::from(answer);
        let advice = severity::advise(severity::Answers {
            urgency: answer(answers.urgency),
            impact: answer(answers.impact),
            extent: answer(answers.extent),
            breach: answers.security_or_data_breach.unwrap_or(false),
            during_expected_availability: answers.during_expected_availability.unwrap_or(true),
        });
        SeverityAdvice { recommended: advice.recommended.into(), reasons: advice.reasons, tie_broken: advice.tie_broken }
    }
}
