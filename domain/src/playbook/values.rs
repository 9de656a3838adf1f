//! The values of a playbook.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use entity::{Severity, Timestamp};

use crate::playbook::{Calendar, Rule};
use crate::ports::Place;

/// The values in force. Made by [`file::read`], which checks them.
#[derive(Clone, Debug, PartialEq)]
pub struct Playbook {
    /// What people call it.
    pub name: String,
    /// Where it was read from, for people: a path, or `built in`.
    pub source: String,
    /// How long a step may be due before it is overdue; steps that are counted in days have a working day.
    pub grace: Duration,
    /// When the team works.
    pub working_hours: Calendar,
    /// How long after a report somebody should have judged it (R2).
    pub triage_within: Duration,
    /// How long an incident may go without a lead (R11).
    pub lead_within: Duration,
    /// How long affected clients may go without somebody who looks after them (R12).
    pub comms_manager_within: Duration,
    /// How long a person who is told as leadership has to answer (R14).
    pub leadership_acknowledge_within: Duration,
    /// Which contacts are told of what is critical or a breach, in this order (R14).
    pub leadership_contacts: Vec<String>,
    /// How long somebody who is paged has to answer before the next one is paged (R18).
    pub page_acknowledge_within: Duration,
    /// Time out of hours after which second line is called to what is neither critical nor major (R18).
    pub escalate_others_after: Duration,
    /// From summary to summary (R17).
    pub summary_every: Duration,
    /// From client update to client update (R22).
    pub client_update_every: Duration,
    /// What is proposed as an update to affected clients (R22); `{reference}`, `{name}`, `{severity}`, `{status}`, `{since}`, `{latest}`
    /// and `{next}` stand for the incident's.
    pub client_update_template: String,
    /// The same for the last word, once the incident is resolved; without `{next}`.
    pub client_update_closing: String,
    /// At which severities somebody else must have read an update to clients before it goes out.
    pub second_pair_of_eyes: BTreeSet<Severity>,
    /// How long a person should hold a tiring role (R13).
    pub handover_after: Duration,
    /// Time out of hours after which one decides whether to stop (R19).
    pub stop_after: Duration,
    /// How long the containment list may take after a breach (R15).
    pub containment_within: Duration,
    /// From the resolution to the review (R25).
    pub review_after: Duration,
    /// E-mail addresses of people by what they are: `cto`, `head_of_tech_ops`, `dpo` …
    pub contacts: BTreeMap<String, String>,
    /// What people call the contacts, e.g. `Head of Tech Ops`.
    pub contact_titles: BTreeMap<String, String>,
    /// Where follow-ups go (R33).
    pub boards: BTreeMap<String, Board>,
    /// How many follow-ups an incident may have before one more needs a reason (R33).
    pub few_follow_ups: usize,
    /// What the severities mean and ask for, worst first (R8, R10).
    pub severities: Vec<SeverityDefinition>,
    /// What to ask oneself whether it is an incident (R2).
    pub criteria: Vec<ChecklistItem>,
    /// What a response must reach before an incident may be resolved (R15, R24).
    pub goals: Vec<Goal>,
    /// What each step is called and why it is asked for.
    pub texts: BTreeMap<Rule, StepText>,
    /// The notice to everybody about a major or critical incident (R7); `{reference}`, `{name}`, `{severity}`, `{since}` and
    /// `{link}` stand for the incident's.
    pub notice: String,
}

/// What a severity means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityDefinition {
    /// Which.
    pub severity: Severity,
    /// When to choose it.
    pub meaning: String,
    /// What it asks of the team.
    pub response: String,
}

/// A goal of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Names it for ever, e.g. `contain`.
    pub key: String,
    /// For people.
    pub title: String,
    /// What must be ticked when there was a breach; nothing otherwise.
    pub breach_checklist: Vec<ChecklistItem>,
}

/// An item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecklistItem {
    /// Names it within its list.
    pub key: String,
    /// For people.
    pub text: String,
}

/// A board for follow-ups at Trello; each part is left out until the board is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// For people.
    pub title: String,
    /// The board's id: 24 hexadecimal digits, as the next two.
    pub trello_board: Option<String>,
    /// Where new cards go.
    pub trello_list: Option<String>,
    /// Where cards are that are done.
    pub trello_done_list: Option<String>,
}

/// The words of a step. `{contact}` stands for whom the leadership's steps are about, `{role}` for what is handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepText {
    /// What to do.
    pub title: String,
    /// Why, for somebody who is tired.
    pub why: String,
}

impl Board {
    /// Where its cards are at Trello, once it is connected.
    pub fn place(&self) -> Option<Place> {
        let (board, list) = (self.trello_board.clone()?, self.trello_list.clone()?);
        Some(Place { board, list, done_list: self.trello_done_list.clone() })
    }
}

impl Playbook {
    /// The goal named `key`.
    pub fn goal(&self, key: &str) -> Option<&Goal> {
        self.goals.iter().find(|goal| goal.key == key)
    }

    /// A time for people: on the team's wall clock, with its zone.
    pub fn local(&self, at: Timestamp) -> String {
        at.with_timezone(&self.working_hours.zone).format("%a %-d %b, %H:%M %Z").to_string()
    }

    /// `template` with what stands in braces filled in, once: what is filled in is not looked at again.
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

    /// What people call the contact `key`.
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
