//! How a story is written down: lines of minute, person and act.

use entity::{Flag, IncidentStatus, Role, Severity, TimelineKind};

/// Which incident a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Story {
    /// The certificate of a museum's ticket shop.
    Museum,
    /// A council's site without room on its disk.
    Council,
    /// An alert about a festival's box office.
    Festival,
    /// A leaflet that moved long ago.
    Leaflet,
    /// A short outage, written down when it was over.
    Night,
}

/// Minute since the start, who (a first name of the cast), what.
pub struct Line(pub i64, pub &'static str, pub Act);

/// What somebody does. Events that exist already are named by their first words.
pub enum Act {
    /// Name and description.
    Report(&'static str, &'static str),
    /// A monitoring system tells.
    Alert(Alert),
    /// The person declares and leads.
    Declare(Declaration),
    /// Why not.
    Decline(&'static str),
    /// Writes down what happens now.
    Write(TimelineKind, &'static str),
    /// Writes down what happened so many minutes ago.
    Late(TimelineKind, i64, &'static str),
    /// Attaches a text file: name, what it is, content.
    File(&'static str, &'static str, &'static str),
    /// Corrects an event: its first words, what is right, why.
    Correct(&'static str, &'static str, &'static str),
    /// Marks an event as a key moment.
    Star(&'static str),
    /// Posts a summary, with a new status where there is one.
    Update(Option<IncidentStatus>, &'static str),
    /// Another severity, and why.
    Severity(Severity, &'static str),
    /// Another status, and why.
    Status(IncidentStatus, &'static str),
    /// Gives a role to a person, with what they should know.
    Role(Role, &'static str, Option<&'static str>),
    /// Adds an action, and for whom.
    Todo(&'static str, Option<&'static str>),
    /// A step of the playbook is settled: its key, and what was done.
    Settle(&'static str, &'static str),
    /// A step of the playbook is skipped: its key, and why.
    Skip(&'static str, &'static str),
    /// An action is done.
    Done(&'static str),
    /// An action is not needed after all.
    Dropped(&'static str),
    /// A goal is met: its key, and how one knows.
    Goal(&'static str, &'static str),
    /// Failed requests, affected users, words; the impact ended so many minutes ago.
    Impact(i32, i32, &'static str, i64),
    /// What it was and what mended it.
    Resolve(&'static str),
    /// Last words.
    Close(&'static str),
}

/// An alert.
pub struct Alert {
    /// The hook.
    pub source: &'static str,
    /// What belongs together there.
    pub group: &'static str,
    /// Its identity there.
    pub fingerprint: &'static str,
    /// For people.
    pub title: &'static str,
    /// More for people.
    pub description: &'static str,
    /// How bad the source thinks it is.
    pub severity: Option<Severity>,
    /// Names and values.
    pub labels: &'static [(&'static str, &'static str)],
    /// For how many minutes it had been on when it was told.
    pub since_minutes: i64,
}

/// A declaration; of a report, name and description may stay as they were.
pub struct Declaration {
    /// Needed for what nobody reported.
    pub name: Option<&'static str>,
    /// What is known.
    pub description: Option<&'static str>,
    /// How bad it is.
    pub severity: Severity,
    /// Where, by names of the cast.
    pub sites: &'static [&'static str],
    /// Whom it affects.
    pub clients: &'static [&'static str],
    /// What is special.
    pub flags: &'static [Flag],
    /// For how many minutes it had hurt.
    pub since_minutes: i64,
}
