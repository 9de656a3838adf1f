//! The team's playbook, and its advice on severity.

use async_graphql::{Context, Description, InputObject, Object, SimpleObject};
use domain::severity::{self, Answer};

use super::context::ctx;
use super::scalars::{Severity, SeverityAnswer};

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
        let rules = playbook.texts.iter();
        Self {
            name: playbook.name.clone(),
            time_zone: playbook.working_hours.zone.name().to_owned(),
            severities: playbook.severities.iter().map(severity).collect(),
            rules: rules
                .map(|(rule, text)| PlaybookRule { key: rule.to_string(), title: text.title.clone(), summary: text.why.clone() })
                .collect(),
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

/// Queries about the playbook.
#[derive(Default, Description)]
pub struct PlaybookQuery;

#[Object(use_type_description)]
impl PlaybookQuery {
    /// What the team asks of itself in an incident.
    async fn playbook(&self, gql: &Context<'_>) -> Playbook {
        Playbook::from(&*ctx(gql).playbook())
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
