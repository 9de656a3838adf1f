//! What rules would make of what was posted.

use async_graphql::SimpleObject;
use domain::alerts::inbox::{Difference, Foresight, OfRule, Prospect};
use domain::alerts::verdict::{Foreseen, Outlook};

use super::row::AlertPost;
use super::rules::{AlertRuleProblem, AlertThen, number};
use crate::graphql::scalars::Severity;

/// What rules would make of one body. Nothing was changed.
#[derive(SimpleObject)]
pub struct AlertReplay {
    /// What is wrong with the rules' text; then there is nothing else.
    problems: Vec<AlertRuleProblem>,
    /// What is odd about the rules.
    warnings: Vec<AlertRuleProblem>,
    /// Why the body can't be read, if it can't.
    unreadable: Option<String>,
    /// What would become of each of its alarms.
    alarms: Vec<ForeseenAlarm>,
}

/// What rules would have done with what was posted in some days. Nothing was changed.
#[derive(SimpleObject)]
pub struct AlertForesight {
    /// What is wrong with the rules' text; then there is nothing else.
    problems: Vec<AlertRuleProblem>,
    /// What is odd about the rules.
    warnings: Vec<AlertRuleProblem>,
    /// Bodies that were looked at, newest first.
    posts: i32,
    /// Bodies of that time that were left out: there were too many, or they were too large to be kept whole.
    left_out: i32,
    /// Bodies that were looked at and can't be read.
    unreadable: i32,
    /// Alarms that were looked at. Those that end count as well.
    alarms: i32,
    /// What each rule would do, in their order, and at the end what no rule takes.
    rules: Vec<AlertRuleForesight>,
    /// Alarms for which the rules in force do something else.
    differing: i32,
    /// The first 50 of them, newest first.
    differences: Vec<AlertDifference>,
}

/// What a rule would have done.
#[derive(SimpleObject)]
pub struct AlertRuleForesight {
    /// Its name; null for what no rule takes.
    rule: Option<String>,
    /// Alarms that it takes.
    alarms: i32,
    /// They open an incident, unless one runs for them.
    reported: i32,
    /// They join what runs for them.
    joined: i32,
    /// They are remembered, and open nothing: ends, what is quiet or has too low a level, and what a rule records.
    recorded: i32,
    /// They are not even remembered.
    ignored: i32,
}

/// An alarm for which the rules in force do something else.
#[derive(SimpleObject)]
pub struct AlertDifference {
    /// What it was posted in.
    post: AlertPost,
    /// The alarm.
    alarm: ForeseenAlarm,
}

/// What would become of an alarm.
#[derive(SimpleObject)]
pub struct ForeseenAlarm {
    /// Its title.
    title: String,
    /// Its identity at its source.
    fingerprint: String,
    /// Whether it fires.
    firing: bool,
    /// The names of the sites that it is about.
    sites: Vec<String>,
    /// Why it would be recorded only: the reason of the quiet window that it is in.
    quiet: Option<String>,
    /// Under the rules that were asked about.
    outcome: AlertOutlook,
    /// Under the rules in force.
    in_force: AlertOutlook,
    /// Whether that is something else.
    differs: bool,
}

/// What rules make of an alarm.
#[derive(SimpleObject)]
pub struct AlertOutlook {
    /// The name of the rule that takes it; null if none does.
    rule: Option<String>,
    /// What becomes of it.
    then: AlertThen,
    /// What it counts as; null if it warrants no report, as an end does.
    severity: Option<Severity>,
    /// Whether somebody is paged at once if it opens an incident.
    pages: bool,
}

impl From<Prospect> for AlertReplay {
    fn from(seen: Prospect) -> Self {
        Self {
            problems: seen.problems.into_iter().map(Into::into).collect(),
            warnings: seen.warnings.into_iter().map(Into::into).collect(),
            unreadable: seen.unreadable,
            alarms: seen.alarms.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Foresight> for AlertForesight {
    fn from(seen: Foresight) -> Self {
        let alarms = seen.alarms();
        Self {
            problems: seen.problems.into_iter().map(Into::into).collect(),
            warnings: seen.warnings.into_iter().map(Into::into).collect(),
            posts: number(seen.posts),
            left_out: number(seen.left_out),
            unreadable: number(seen.unreadable),
            alarms: number(alarms),
            rules: seen.rules.into_iter().map(Into::into).collect(),
            differing: number(seen.differing),
            differences: seen.differences.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OfRule> for AlertRuleForesight {
    fn from(of: OfRule) -> Self {
        Self {
            alarms: number(of.alarms()),
            reported: number(of.reported),
            joined: number(of.joined),
            recorded: number(of.recorded),
            ignored: number(of.ignored),
            rule: of.rule,
        }
    }
}

impl From<Difference> for AlertDifference {
    fn from(difference: Difference) -> Self {
        Self { post: difference.post.into(), alarm: difference.alarm.into() }
    }
}

impl From<Foreseen> for ForeseenAlarm {
    fn from(seen: Foreseen) -> Self {
        let differs = seen.differs();
        Self {
            title: seen.title,
            fingerprint: seen.fingerprint,
            firing: seen.firing,
            sites: seen.sites.into_iter().map(|site| site.name).collect(),
            quiet: seen.quiet,
            outcome: seen.outcome.into(),
            in_force: seen.in_force.into(),
            differs,
        }
    }
}

impl From<Outlook> for AlertOutlook {
    fn from(outlook: Outlook) -> Self {
        let Outlook { rule, then, severity, pages } = outlook;
        Self { rule, then: then.into(), severity: severity.map(Into::into), pages }
    }
}
