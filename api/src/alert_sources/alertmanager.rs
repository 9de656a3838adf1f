//! Prometheus Alertmanager: its webhook, version 4.

use domain::alerts::Alarms;
use domain::alerts::episode::Identity;
use domain::alerts::labelled::Labelled;
use serde::Deserialize;

use super::kind::{Kind, Post, Proof, Reading};

/// Alertmanager.
pub const KIND: Kind = Kind {
    name: "alertmanager",
    about: "Prometheus Alertmanager, and what else posts as it does",
    docs: "docs/integrations/alertmanager.md",
    proofs: &[Proof::Header],
    words: &[],
    headers: &[],
    looks_like: |body| body.get("groupKey").is_some() && body.get("orgId").is_none(),
    read,
};

/// What it sends, as far as we need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    group_key: String,
    alerts: Vec<Told>,
    /// Left out because of `max_alerts`.
    truncated_alerts: Option<u64>,
}

#[derive(Deserialize)]
struct Told {
    status: String,
    #[serde(flatten)]
    alert: Labelled,
}

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let told: Notification = post.typed()?;
    let alarm = |Told { status, alert }| alert.alarm(status == "firing", |level| reading.levels.severity(level));
    Ok(vec![Alarms {
        source: reading.source(),
        group_key: told.group_key,
        identity: Identity::OneAtATime,
        alerts: told.alerts.into_iter().map(alarm).collect(),
        truncated: told.truncated_alerts.unwrap_or(0),
    }])
}
