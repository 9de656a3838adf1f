//! Rules for alerts, and what is wrong with a text of them.

use async_graphql::{Enum, SimpleObject};
use domain::playbook::Playbook;
use domain::playbook::file::Problem;

use crate::graphql::scalars::Severity;

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::playbook::Then")]
pub enum AlertThen {
    /// It opens an incident, unless one runs for it.
    Report,
    /// It joins what runs for it, and never opens an incident.
    Join,
    /// It is remembered, and nobody hears of it.
    Record,
    /// It is not even remembered.
    Ignore,
}

/// What the playbook in force says of alerts. The first rule that takes an alert decides; where none does, its level does.
#[derive(SimpleObject)]
pub struct AlertRules {
    /// The rules, in their order.
    rules: Vec<AlertRule>,
    /// The same as a text that the playbook's file can have.
    text: String,
    /// Where the playbook was read from: a path, or `built in`.
    source: String,
    /// What is odd about them, such as a rule that never decides.
    warnings: Vec<AlertRuleProblem>,
}

/// A rule for alerts.
#[derive(SimpleObject)]
pub struct AlertRule {
    /// Its name, which no other rule has.
    name: String,
    /// The line of the playbook's file where it begins.
    line: Option<i32>,
    /// Its conditions, as the file writes them; all must hold. None if it takes every alert.
    conditions: Vec<String>,
    /// What becomes of the alerts that it takes.
    then: AlertThen,
    /// What they count as; null if their level says it.
    severity: Option<Severity>,
    /// Whether somebody is paged at any hour; null if that follows from the severity.
    page: Option<bool>,
}

/// What is wrong or odd in a text of rules.
#[derive(SimpleObject)]
pub struct AlertRuleProblem {
    /// The line of the text, from 1; null if it is about all of it.
    line: Option<i32>,
    /// The key, such as `alerts.rules[1].then`; empty if it is about none.
    key: String,
    /// What is wrong, and what would be right.
    message: String,
}

impl AlertRules {
    /// The rules of a playbook.
    pub fn of(playbook: &Playbook) -> Self {
        let rules = &playbook.alert_rules;
        let rule = |rule: &domain::playbook::AlertRule| AlertRule {
            name: rule.name.clone(),
            line: rule.line.map(number),
            conditions: rule.conditions(),
            then: rule.then.into(),
            severity: rule.severity.map(Into::into),
            page: rule.page,
        };
        Self {
            rules: rules.rules.iter().map(rule).collect(),
            text: rules.text(),
            source: playbook.source.clone(),
            warnings: rules.contradictions(&playbook.source).into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Problem> for AlertRuleProblem {
    fn from(problem: Problem) -> Self {
        Self { line: problem.line.map(number), key: problem.key, message: problem.what }
    }
}

/// A count or a line.
pub fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
