//! The values of a playbook.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use entity::{ReportVersions, Role, Severity, Timestamp};

use crate::blameless::Linter;
use crate::playbook::steps::Stage;
use crate::playbook::{AlertRules, Calendar, Rule};
use crate::ports::Place;
use crate::words;

/// The severities that page somebody out of hours, by where a report comes from. The rest waits for the morning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfHours {
    /// From alerts.
    pub alerts: BTreeSet<Severity>,
    /// From emergency tickets.
    pub tickets: BTreeSet<Severity>,
    /// From people.
    pub reports: BTreeSet<Severity>,
}

/// The values in force. Made by [`file::read`], which checks them.
#[derive(Clone, Debug, PartialEq)]
pub struct Playbook {
    /// Its name, for people.
    pub name: String,
    /// Where it was read from, for people: a path or `built in`.
    pub source: String,
    /// How long a step may be due before it is overdue; steps counted in days have one working day instead.
    pub grace: Duration,
    /// How long a reminded person may do nothing before second line is paged, and how long that has before the leadership is.
    pub reminders_escalate_after: Duration,
    /// How often a person who does nothing is reminded again, after the first few times.
    pub reminders_again_every: Duration,
    /// When the team works.
    pub working_hours: Calendar,
    /// How long a report may wait for triage (R2).
    pub triage_within: Duration,
    /// How long an incident may go without a lead (R11).
    pub lead_within: Duration,
    /// How long affected clients may go without a client comms manager (R12).
    pub comms_manager_within: Duration,
    /// How long a leadership contact has to answer (R14).
    pub leadership_acknowledge_within: Duration,
    /// Which contacts are told about a critical incident or a breach, in this order (R14).
    pub leadership_contacts: Vec<String>,
    /// How long a paged person has to answer before the next one is paged (R18).
    pub page_acknowledge_within: Duration,
    /// What pages somebody out of hours (R18).
    pub out_of_hours: OutOfHours,
    /// What becomes of alerts, where that does not follow from their levels (S8).
    pub alert_rules: AlertRules,
    /// Time out of hours after which second line is paged for an incident that is neither critical nor major (R18).
    pub escalate_others_after: Duration,
    /// Time from one summary to the next (R17).
    pub summary_every: Duration,
    /// Time from one client update to the next (R22).
    pub client_update_every: Duration,
    /// The proposed update to affected clients (R22). Placeholders: `{reference}`, `{name}`, `{severity}`, `{status}`, `{since}`,
    /// `{latest}` and `{next}`.
    pub client_update_template: String,
    /// The same for the closing update, once the incident is resolved; without `{next}`.
    pub client_update_closing: String,
    /// Severities at which somebody other than the author must read a client update before it is sent.
    pub second_pair_of_eyes: BTreeSet<Severity>,
    /// How long a person should hold a tiring role (R13).
    pub handover_after: Duration,
    /// Time out of hours after which the team decides whether to stop (R19).
    pub stop_after: Duration,
    /// How long the containment list may take after a breach (R15).
    pub containment_within: Duration,
    /// Minimum time from the resolution to the review (R25).
    pub review_after: Duration,
    /// How long the channel of a closed incident stays open in the chat.
    pub channel_archive_after: Duration,
    /// E-mail addresses by contact: `cto`, `head_of_tech_ops`, `dpo` …
    pub contacts: BTreeMap<String, String>,
    /// Titles by contact, e.g. `Head of Tech Ops`.
    pub contact_titles: BTreeMap<String, String>,
    /// Where follow-ups go (R33).
    pub boards: BTreeMap<String, Board>,
    /// How many follow-ups an incident may have before one more needs a reason (R33).
    pub few_follow_ups: usize,
    /// The sections of a report, in order (R26).
    pub report: Vec<SectionDefinition>,
    /// Finds words of blame and hindsight in a report (R27).
    pub blame: Linter,
    /// What each severity means and asks for, worst first (R8, R10).
    pub severities: Vec<SeverityDefinition>,
    /// Questions that decide whether a report is an incident (R2).
    pub criteria: Vec<ChecklistItem>,
    /// What a response must reach before an incident may be resolved (R15, R24).
    pub goals: Vec<Goal>,
    /// Each step's title and reason.
    pub texts: BTreeMap<Rule, StepText>,
    /// The notice to everybody about a major or critical incident (R7). Placeholders: `{reference}`, `{name}`, `{severity}`,
    /// `{since}` and `{link}`.
    pub notice: String,
}

/// What a severity means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityDefinition {
    /// The severity.
    pub severity: Severity,
    /// When to choose it.
    pub meaning: String,
    /// What it asks of the team.
    pub response: String,
}

/// A section of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionDefinition {
    /// Its permanent name, e.g. `overview`.
    pub key: String,
    /// For people.
    pub title: String,
    /// What belongs in it, for its author.
    pub guidance: String,
    /// The versions that it appears in, unless the author decides otherwise.
    pub versions: ReportVersions,
    /// Whether a draft needs it before others are asked to read it.
    pub required: bool,
}

/// A goal of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Its permanent name, e.g. `contain`.
    pub key: String,
    /// For people.
    pub title: String,
    /// What must be ticked after a breach; ignored otherwise.
    pub breach_checklist: Vec<ChecklistItem>,
}

/// An item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecklistItem {
    /// Its name within the list.
    pub key: String,
    /// For people.
    pub text: String,
}

/// A board for follow-ups; the Trello ids are absent until it is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// For people.
    pub title: String,
    /// The board's id: 24 hexadecimal digits, like the next two.
    pub trello_board: Option<String>,
    /// Where new cards go.
    pub trello_list: Option<String>,
    /// Where finished cards go.
    pub trello_done_list: Option<String>,
}

/// The words of a step. `{contact}` is a placeholder in leadership steps, `{role}` in hand-overs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepText {
    /// What to do.
    pub title: String,
    /// Why, for a tired reader.
    pub why: String,
    /// The same two as long as the step is only coming, where they would say what has not happened yet.
    pub coming_title: Option<String>,
    /// See `coming_title`.
    pub coming_why: Option<String>,
}

impl StepText {
    /// Title and reason at a stage.
    pub fn at(&self, stage: Stage) -> (String, String) {
        let coming = |text: &Option<String>| text.clone().filter(|_| stage == Stage::Upcoming);
        let or = |text: &Option<String>, usual: &String| coming(text).unwrap_or_else(|| usual.clone());
        (or(&self.coming_title, &self.title), or(&self.coming_why, &self.why))
    }
}

/// How a role is written in keys of steps.
pub(super) fn role_key(role: Role) -> String {
    role.as_str().to_lowercase().replace('_', "-")
}

impl Board {
    /// Where its cards are in Trello, once it is connected.
    pub fn place(&self) -> Option<Place> {
        let (board, list) = (self.trello_board.clone()?, self.trello_list.clone()?);
        Some(Place { board, list, done_list: self.trello_done_list.clone() })
    }
}

impl Playbook {
    /// The words of the step `key` of `rule`, with whom it is about; of a key that names nobody, for nobody in particular.
    pub fn text(&self, rule: Rule, key: &str) -> StepText {
        let mut text = self.texts.get(&rule).cloned().unwrap_or_default();
        let name = key.split(':').nth(1);
        let (placeholder, whom) = match rule {
            Rule::Leadership | Rule::LeadershipFallback => ("{contact}", name.map_or("named contact", |key| self.contact_title(key))),
            Rule::Handover => {
                let held = name.and_then(|key| Role::ALL.iter().copied().find(|role| role_key(*role) == key));
                ("{role}", held.map_or("lead or client comms manager", words::role))
            }
            _ => return text,
        };
        let StepText { title, why, coming_title, coming_why } = &mut text;
        for words in [title, why].into_iter().chain(coming_title).chain(coming_why) {
            *words = words.replace(placeholder, whom);
        }
        text
    }

    /// Whether an alert of this severity pages somebody at `at`, if no rule says otherwise (R18).
    pub fn is_urgent_alert(&self, severity: Severity, at: Timestamp) -> bool {
        self.working_hours.is_working(at) || self.out_of_hours.alerts.contains(&severity)
    }

    /// The goal named `key`.
    pub fn goal(&self, key: &str) -> Option<&Goal> {
        self.goals.iter().find(|goal| goal.key == key)
    }

    /// A time for people: in the team's time zone, which it names.
    pub fn local(&self, at: Timestamp) -> String {
        at.with_timezone(&self.working_hours.zone).format("%a %-d %b, %H:%M %Z").to_string()
    }

    /// `template` with its placeholders filled in, in one pass: values are not expanded again.
    pub fn filled_in(template: &str, values: &[(&str, &str)]) -> String {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let known = values.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('}')?)));
            if let Some((value, behind)) = known {
                text.push_str(value);
                rest = behind;
            } else {
                text.push('{');
                rest = after;
            }
        }
        text + rest
    }

    /// The title of the contact `key`.
    pub fn contact_title<'a>(&'a self, key: &'a str) -> &'a str {
        self.contact_titles.get(key).map_or(key, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Playbook;

    #[test]
    fn what_is_filled_in_is_not_looked_at_again() {
        let values = [("name", "{link} fails"), ("link", "https://muster.example")];
        for (template, text) in [
            ("{name}: {link}", "{link} fails: https://muster.example"),
            ("{other} {na {name", "{other} {na {name"),
            ("{{name}}", "{{link} fails}"),
            ("", ""),
        ] {
            assert_eq!(Playbook::filled_in(template, &values), text);
        }
    }
}
