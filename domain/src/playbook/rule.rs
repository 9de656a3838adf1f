//! The rules of the playbook. Each asks for one kind of step.

use entity::Role;

const LEAD: &[Role] = &[Role::IncidentLead];
const COMMS: &[Role] = &[Role::ClientCommsManager];
const RESPONDERS: &[Role] = &[Role::Responder];
const AUTHOR: &[Role] = &[Role::ReportAuthor];
const AUTHOR_AND_COMMS: &[Role] = &[Role::ReportAuthor, Role::ClientCommsManager];

/// A rule. Its name is the first part of the keys of its steps. In order: of what a response asks for at once, the most important
/// first; then what comes afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Triage a report (R2).
    Triage,
    /// Get a page answered (R1, R18).
    Page,
    /// Name a lead (R11).
    Lead,
    /// Page second line: somebody who was reminded does nothing.
    NoReaction,
    /// Page the leadership: second line has not answered either.
    NoReactionFallback,
    /// Tell the leadership (R14).
    Leadership,
    /// Tell somebody else in the leadership's place (R14).
    LeadershipFallback,
    /// Go through the containment list (R15).
    Containment,
    /// Page second line (R18).
    SecondLine,
    /// Name a client comms manager (R12).
    CommsManager,
    /// Update affected clients (R22).
    ClientUpdate,
    /// Tell clients that it is over (R22).
    ClientClosing,
    /// Tell everybody (R7).
    GeneralNotice,
    /// Write a summary (R17).
    Summary,
    /// Decide whether to carry on out of hours (R19).
    StopOrContinue,
    /// Hand over a tiring role (R13).
    Handover,
    /// Name a report author (R25).
    ReportAuthor,
    /// Schedule the review (R25).
    ScheduleReview,
    /// Circulate the draft report (R25).
    ReportDraft,
    /// Have the draft read before the review (R27).
    ReportCirculated,
    /// Finish the report (R29).
    ReportFinal,
    /// Give clients their version (R29).
    ClientReport,
    /// Publish the short version (R29).
    AbridgedReport,
    /// Do a follow-up (R33).
    FollowUp,
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: &'static [Self] = &[
        Self::Triage,
        Self::Page,
        Self::Lead,
        Self::NoReaction,
        Self::NoReactionFallback,
        Self::Leadership,
        Self::LeadershipFallback,
        Self::Containment,
        Self::SecondLine,
        Self::CommsManager,
        Self::ClientUpdate,
        Self::ClientClosing,
        Self::GeneralNotice,
        Self::Summary,
        Self::StopOrContinue,
        Self::Handover,
        Self::ReportAuthor,
        Self::ScheduleReview,
        Self::ReportDraft,
        Self::ReportCirculated,
        Self::ReportFinal,
        Self::ClientReport,
        Self::AbridgedReport,
        Self::FollowUp,
    ];

    /// What is fixed about each rule; times and words are the playbook's.
    fn traits(self) -> Traits {
        match self {
            Self::Triage => asks("triage", RESPONDERS).done_by("declareIncident, declineIncident or mergeIncident"),
            Self::Page => asks("page", RESPONDERS).done_by("answerPage"),
            Self::Lead => asks("lead", RESPONDERS).done_by("assignRole"),
            Self::NoReaction => asks("no-reaction", LEAD),
            Self::NoReactionFallback => asks("no-reaction-fallback", LEAD),
            Self::CommsManager => asks("comms-manager", LEAD).done_by("assignRole"),
            Self::GeneralNotice => asks("general-notice", LEAD).without_note(),
            Self::Leadership => asks("leadership", LEAD),
            Self::LeadershipFallback => asks("leadership-fallback", LEAD),
            Self::SecondLine => asks("second-line", LEAD).done_by("escalate"),
            Self::Summary => asks("summary", LEAD).series().done_by("postUpdate"),
            Self::ClientUpdate => asks("client-update", COMMS).series().done_by("sendClientUpdate"),
            Self::ClientClosing => asks("client-closing", COMMS).done_by("sendClientUpdate"),
            // Asked of whoever holds the role that tires.
            Self::Handover => asks("handover", &[]).series(),
            Self::StopOrContinue => asks("stop-or-continue", LEAD).series(),
            Self::Containment => asks("containment", LEAD).done_by("confirmGoal"),
            Self::ReportAuthor => asks("report-author", LEAD).in_days().done_by("assignRole"),
            Self::ScheduleReview => asks("schedule-review", LEAD).in_days().done_by("scheduleReview"),
            Self::ReportDraft => asks("report-draft", AUTHOR).in_days().done_by("circulateReport"),
            Self::ReportCirculated => asks("report-circulated", AUTHOR).in_days().done_by("circulateReport"),
            Self::ReportFinal => asks("report-final", AUTHOR).in_days().done_by("finaliseReport"),
            Self::ClientReport => asks("client-report", AUTHOR_AND_COMMS).in_days().done_by("publishReport"),
            Self::AbridgedReport => asks("abridged-report", AUTHOR).in_days().done_by("publishReport"),
            // Asked of the owner.
            Self::FollowUp => asks("follow-up", &[]).in_days(),
        }
    }

    /// The name in keys, in the playbook file and in the public schema.
    pub fn as_str(self) -> &'static str {
        self.traits().name
    }

    /// The rule that a step's key belongs to.
    pub fn of_key(key: &str) -> Option<Self> {
        let name = key.split(':').next().unwrap_or(key);
        Self::ALL.iter().copied().find(|rule| rule.as_str() == name)
    }

    /// The roles that it asks, unless it asks one person.
    pub fn audience(self) -> &'static [Role] {
        self.traits().audience
    }

    /// Whether its steps repeat, each with a number.
    pub fn is_series(self) -> bool {
        self.traits().is_series
    }

    /// Whether its steps become overdue a working day after they were due, rather than after the playbook's `grace`.
    pub fn counts_in_days(self) -> bool {
        self.traits().counts_in_days
    }

    /// Whether its steps are the report or the review, without which an incident should not be closed.
    pub fn is_owed_before_closing(self) -> bool {
        self.counts_in_days() && self != Self::FollowUp
    }

    /// The mutation that does its steps, unless they are just decisions.
    pub fn done_by(self) -> Option<&'static str> {
        self.traits().done_by
    }

    /// Whether settling a step is a decision that somebody will ask about.
    pub fn needs_note(self) -> bool {
        self.traits().needs_note
    }
}

/// One row of the table of rules.
struct Traits {
    name: &'static str,
    audience: &'static [Role],
    is_series: bool,
    counts_in_days: bool,
    done_by: Option<&'static str>,
    needs_note: bool,
}

fn asks(name: &'static str, audience: &'static [Role]) -> Traits {
    Traits { name, audience, is_series: false, counts_in_days: false, done_by: None, needs_note: true }
}

impl Traits {
    fn series(self) -> Self {
        Self { is_series: true, ..self }
    }

    fn in_days(self) -> Self {
        Self { counts_in_days: true, ..self }
    }

    fn done_by(self, mutation: &'static str) -> Self {
        Self { done_by: Some(mutation), ..self }
    }

    fn without_note(self) -> Self {
        Self { needs_note: false, ..self }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
