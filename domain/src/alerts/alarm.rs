//! What a source says about its alerts, and what became of it.

use entity::{IncidentId, Severity, Timestamp};

use super::episode::Identity;

/// One alert as reported by its source.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its identity at the source.
    pub fingerprint: String,
    /// Title for people.
    pub title: String,
    /// What else is known, for people.
    pub description: Option<String>,
    /// Whether it is firing.
    pub firing: bool,
    /// When it started firing, as the source says and by the source's clock.
    pub starts_at: Option<Timestamp>,
    /// When it ended, in the same way.
    pub ends_at: Option<Timestamp>,
    /// A JSON object of names and values.
    pub labels: serde_json::Value,
    /// How bad the source thinks it is; `None` if it does not warrant a report of its own.
    pub severity: Option<Severity>,
}

/// One notification from a source.
#[derive(Clone, Debug)]
pub struct Alarms {
    /// The hook, e.g. `alertmanager`.
    pub source: String,
    /// Identifies what belongs together at the source.
    pub group_key: String,
    /// What tells the firings of one alert apart.
    pub identity: Identity,
    /// The alerts.
    pub alerts: Vec<Alarm>,
    /// How many more alerts the source left out.
    pub truncated: u64,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The incident that the alerts belong to.
    pub incident: Option<IncidentId>,
    /// Alerts that were not known before.
    pub new: usize,
    /// Known alerts that have ended.
    pub ended: usize,
    /// Alerts that were passed over, because there were too many.
    pub dropped: usize,
}
