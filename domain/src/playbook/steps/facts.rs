//! The facts from which steps are derived.
//!
//! Built from an incident's rows by `incident::case`, and for an imagined one by [`crate::playbook::simulate`].

use std::cmp::max;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::{ClientId, Flag, Flags, IncidentStatus, PersonId, Role, Severity, Timestamp};

/// What the playbook needs to know about one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The HTTP status.
    pub status: IncidentStatus,
    /// How bad it is.
    pub severity: Severity,
    /// What is special about it.
    pub flags: Flags,
    /// Whether only some people may know of it.
    pub restricted: bool,
    /// When it was reported.
    pub reported_at: Timestamp,
    /// From when its report asks to be triaged, if it could wait until the morning.
    pub triage_from: Option<Timestamp>,
    /// When it was declared.
    pub declared_at: Option<Timestamp>,
    /// When it was last reopened. Steps that fell due before are not asked for again.
    pub reopened_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// How often the severity rose to major or critical, including the declaration.
    pub raised: i32,
    /// When it last did.
    pub raised_at: Option<Timestamp>,
    /// Since when it has concerned the leadership.
    pub leadership_since: Option<Timestamp>,
    /// When the newest of the reasons that concern the leadership now held for the first time: an answer before that was about
    /// something else.
    pub leadership_cause_at: Option<Timestamp>,
    /// Since when it has counted as a breach.
    pub breach_since: Option<Timestamp>,
    /// When second line was last paged.
    pub escalated_at: Option<Timestamp>,
    /// Summaries for people outside the response.
    pub updates: Posted,
    /// How often the client who waited longest for an update heard from us, or no longer had to.
    pub client_updates: i32,
    /// When a client was first marked affected, ever.
    pub first_client_at: Option<Timestamp>,
    /// The clients that are affected now.
    pub clients: Vec<Affected>,
    /// Who holds or held which role, in the order in which they took them.
    pub holders: Vec<Holder>,
    /// Checklist items that are ticked: goal and item.
    pub ticked: Vec<(String, String)>,
    /// Who was paged, in order.
    pub pages: Vec<Page>,
    /// Since when somebody who was reminded has done nothing, and nobody has stood in for them.
    pub no_reaction_since: Option<Timestamp>,
    /// What is recorded about steps, by key.
    pub marks: BTreeMap<String, Mark>,
    /// The report, if there is one.
    pub report: Option<Report>,
    /// The review, if one is planned.
    pub review: Option<Review>,
    /// Follow-ups that are open.
    pub follow_ups: Vec<FollowUp>,
}

/// How often something was posted, and when it last was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// How often.
    pub count: i32,
    /// When last.
    pub last_at: Option<Timestamp>,
}

/// A client that is affected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Who.
    pub client: ClientId,
    /// Their name; empty if it is not known.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// When an update was last sent to them.
    pub told_at: Option<Timestamp>,
}

impl Affected {
    /// Since when they have been waiting to hear from us.
    pub fn waits_since(&self) -> Timestamp {
        self.told_at.map_or(self.since, |told| max(told, self.since))
    }
}

/// A stretch of time in which a person held a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Which role.
    pub role: Role,
    /// Who.
    pub person: PersonId,
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None` for a role that is held now.
    pub until: Option<Timestamp>,
}

/// A person who was paged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The step that paged them; `None` in the chain that starts with a report or an escalation.
    pub step: Option<String>,
    /// Who.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// When they answered; `None` if they can't help after all.
    pub answered_at: Option<Timestamp>,
    /// When it became known that the page brings nobody.
    pub lost_at: Option<Timestamp>,
}

impl Page {
    /// When it turned out that the page brings nobody. `None` if that was known from the start: somebody was asked to pass it on by hand.
    pub fn lost_later(&self) -> Option<Timestamp> {
        self.lost_at.filter(|lost| *lost > self.at)
    }
}

/// What is recorded about a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// When the step was due. A step whose cause came later is asked for again.
    pub due_at: Timestamp,
    /// When people were reminded that it is due.
    pub due_reminded_at: Option<Timestamp>,
    /// When people were reminded that it is overdue.
    pub overdue_reminded_at: Option<Timestamp>,
    /// Until when people are left alone, as they asked.
    pub snoozed_until: Option<Timestamp>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Skipped: settled without being done.
    pub waived: bool,
}

/// What the playbook needs to know about the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// When the draft was circulated.
    pub circulated_at: Option<Timestamp>,
    /// When it was finished.
    pub final_at: Option<Timestamp>,
    /// When clients got their version.
    pub client_version_at: Option<Timestamp>,
    /// When the short version was published.
    pub abridged_version_at: Option<Timestamp>,
}

/// What the playbook needs to know about the review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Review {
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it was held.
    pub held_at: Option<Timestamp>,
}

/// What the playbook needs to know about an open follow-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Its id as people see it.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Who does it.
    pub owner: PersonId,
    /// By when.
    pub due_on: Option<NaiveDate>,
}

impl Case {
    /// Since when the client who has waited longest has been waiting to hear from us.
    pub fn longest_wait(&self) -> Option<Timestamp> {
        self.clients.iter().map(Affected::waits_since).min()
    }

    /// An incident declared at `at` in which nothing else has happened.
    pub fn declared(severity: Severity, flags: Flags, at: Timestamp) -> Self {
        let raised = is_major(severity);
        Self {
            status: IncidentStatus::Investigating,
            severity,
            flags,
            restricted: false,
            reported_at: at,
            triage_from: None,
            declared_at: Some(at),
            reopened_at: None,
            resolved_at: None,
            raised: i32::from(raised),
            raised_at: raised.then_some(at),
            leadership_since: concerns_leadership(severity, flags).then_some(at),
            leadership_cause_at: concerns_leadership(severity, flags).then_some(at),
            breach_since: is_breach(flags).then_some(at),
            escalated_at: None,
            updates: Posted::default(),
            client_updates: 0,
            first_client_at: None,
            clients: Vec::new(),
            holders: Vec::new(),
            ticked: Vec::new(),
            pages: Vec::new(),
            no_reaction_since: None,
            marks: BTreeMap::new(),
            report: None,
            review: None,
            follow_ups: Vec::new(),
        }
    }
}

/// Whether a report and a review are owed (R25).
pub fn owes_report(severity: Severity, flags: Flags) -> bool {
    severity != Severity::Trivial && !flags.contains(Flag::Recurring)
}

/// Whether the incident is a breach (R14).
pub fn is_breach(flags: Flags) -> bool {
    flags.contains(Flag::SecurityBreach) || flags.contains(Flag::DataBreach)
}

/// Whether everybody is told and second line is paged at once (R7, R18).
pub fn is_major(severity: Severity) -> bool {
    matches!(severity, Severity::Critical | Severity::Major)
}

/// Whether the leadership is told (R14).
pub fn concerns_leadership(severity: Severity, flags: Flags) -> bool {
    severity == Severity::Critical || is_breach(flags)
}
