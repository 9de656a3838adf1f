//! The rules of the playbook: each asks for one kind of step.

/// A rule. Its name is the first part of the keys of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Judge a report (R2).
    Triage,
    /// Somebody answers a page (R1, R18).
    Page,
    /// Name a lead (R11).
    Lead,
    /// Name a client comms manager (R12).
    CommsManager,
    /// Tell everybody (R7).
    GeneralNotice,
    /// Tell the leadership (R14).
    Leadership,
    /// Tell somebody else of the leadership (R14).
    LeadershipFallback,
    /// Call second line (R18).
    SecondLine,
    /// Write a summary (R17).
    Summary,
    /// Tell affected clients (R22).
    ClientUpdate,
    /// Pass a tiring role on (R13).
    Handover,
    /// Decide whether to go on out of hours (R19).
    StopOrContinue,
    /// Go through the containment list (R15).
    Containment,
    /// Name who writes the report (R25).
    ReportAuthor,
    /// Plan the review (R25).
    ScheduleReview,
    /// Circulate the draft of the report (R25).
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
    /// Every rule, in the order of an incident's life.
    pub const ALL: &'static [Self] = &[
        Self::Triage,
        Self::Page,
        Self::Lead,
        Self::CommsManager,
        Self::GeneralNotice,
        Self::Leadership,
        Self::LeadershipFallback,
        Self::SecondLine,
        Self::Summary,
        Self::ClientUpdate,
        Self::Handover,
        Self::StopOrContinue,
        Self::Containment,
        Self::ReportAuthor,
        Self::ScheduleReview,
        Self::ReportDraft,
        Self::ReportCirculated,
        Self::ReportFinal,
        Self::ClientReport,
        Self::AbridgedReport,
        Self::FollowUp,
    ];

    /// The name in keys, in the file and in the public schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Page => "page",
            Self::Lead => "lead",
            Self::CommsManager => "comms-manager",
            Self::GeneralNotice => "general-notice",
            Self::Leadership => "leadership",
            Self::LeadershipFallback => "leadership-fallback",
            Self::SecondLine => "second-line",
            Self::Summary => "summary",
            Self::ClientUpdate => "client-update",
            Self::Handover => "handover",
            Self::StopOrContinue => "stop-or-continue",
            Self::Containment => "containment",
            Self::ReportAuthor => "report-author",
            Self::ScheduleReview => "schedule-review",
            Self::ReportDraft => "report-draft",
            Self::ReportCirculated => "report-circulated",
            Self::ReportFinal => "report-final",
            Self::ClientReport => "client-report",
            Self::AbridgedReport => "abridged-report",
            Self::FollowUp => "follow-up",
        }
    }

    /// The rule that a step's key belongs to.
    pub fn of_key(key: &str) -> Option<Self> {
        let name = key.split(':').next().unwrap_or(key);
        Self::ALL.iter().copied().find(|rule| rule.as_str() == name)
    }

    /// Whether its steps are overdue a working day after they were due, and not already after the playbook's `grace`.
    pub fn counts_in_days(self) -> bool {
        matches!(
            self,
            Self::ReportAuthor
                | Self::ScheduleReview
                | Self::ReportDraft
                | Self::ReportCirculated
                | Self::ReportFinal
                | Self::ClientReport
                | Self::AbridgedReport
                | Self::FollowUp
        )
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
