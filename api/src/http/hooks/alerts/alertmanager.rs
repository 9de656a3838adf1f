//! The webhook (version 4) of Prometheus Alertmanager.

use domain::Error;
use domain::alerts::episode::Identity;
use domain::alerts::labelled::Labelled;
use domain::alerts::{Alarms, look};
use serde::Deserialize;

use super::{Body, Levels};

/// What Alertmanager sends, as far as we need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    group_key: String,
    alerts: Vec<Told>,
    /// Left out because of `max_alerts`.
    #[serde(default)]
    truncated_alerts: u64,
}

#[derive(Deserialize)]
struct Told {
    status: String,
    #[serde(flatten)]
    alert: Labelled,
}

impl Body for Notification {
    fn alarms(self, levels: &Levels) -> Result<Alarms, Error> {
        let alarm = |Told { status, alert }| alert.alarm(status == "firing", |level| levels.severity(level));
        Ok(Alarms {
            source: look::SOURCE.into(),
            group_key: self.group_key.replace('\0', ""),
            identity: Identity::OneAtATime,
            alerts: self.alerts.into_iter().map(alarm).collect(),
            truncated: self.truncated_alerts,
        })
    }
}
