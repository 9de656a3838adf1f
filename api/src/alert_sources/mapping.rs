//! Where things are in a body of the team's own: JSON pointers (RFC 6901), from the settings.

use std::collections::BTreeMap;

/// Pointers into a body, or into each alert of a list. An empty one means all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The list of alerts; without it the body is one alert.
    pub alerts: Option<String>,
    /// One line for people. Without it there is no mapping.
    pub title: Option<String>,
    /// What is the same each time; without it the title is.
    pub fingerprint: Option<String>,
    /// More, for people.
    pub description: Option<String>,
    /// Whether it fires; without it, whatever is posted does.
    pub state: Option<String>,
    /// What `state` says when it is over, in lower case; without any, the usual words.
    pub ended: Vec<String>,
    /// When it began.
    pub starts_at: Option<String>,
    /// When it ended.
    pub ends_at: Option<String>,
    /// How bad it is.
    pub severity: Option<String>,
    /// What belongs to one incident; without it, each alert is one of its own.
    pub group: Option<String>,
    /// A web page about it.
    pub link: Option<String>,
    /// What else is kept, by name.
    pub labels: BTreeMap<String, String>,
}
