//! Grafana: unified alerting, which follows Alertmanager, and the alerts of dashboards before version 9.
//!
//! Unified alerting can sign with a secret. Its signature counts only with a time (the contact point's *timestamp header*), because without
//! one a post could be replayed.

use domain::alerts::Alarms;
use domain::alerts::episode::Identity;
use domain::alerts::labelled::Labelled;
use domain::limits;
use entity::Severity;
use serde::Deserialize;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading, Signed};
use super::signature::hexadecimal;
use super::told::{Spell, Told};

/// Grafana.
pub const KIND: Kind = Kind {
    name: "grafana",
    about: "Grafana, unified and legacy alerting",
    docs: "docs/integrations/alerts.md#grafana",
    proofs: &[Proof::Header, Proof::Signature { header: SIGNATURE, verify }],
    words: &[(ALERTING, Severity::Major)],
    headers: &[],
    looks_like: |body| body.get("orgId").is_some() || body.get("evalMatches").is_some(),
    read,
};

const SIGNATURE: &str = "x-grafana-alerting-signature";
const TIMESTAMP: &str = "x-grafana-alerting-timestamp";
/// How bad an alert is that has no label `severity`.
const ALERTING: &str = "alerting";
/// The tags of a measurement that say where it was taken; others have dots as well.
const HOST_TAGS: [&str; 4] = ["/tags/host", "/tags/hostname", "/tags/instance", "/tags/url"];

fn verify(signed: &Signed<'_>) -> Result<(), String> {
    signed.is_recent(TIMESTAMP)?;
    let time = signed.header(TIMESTAMP)?;
    signed.has_signed(hexadecimal(signed.header(SIGNATURE)?), &[time.as_bytes(), b":", signed.body])
}

/// What unified alerting sends, as far as we need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    group_key: Option<String>,
    alerts: Vec<InGroup>,
    truncated_alerts: Option<u64>,
}

#[derive(Deserialize)]
struct InGroup {
    status: String,
    #[serde(rename = "dashboardURL")]
    dashboard_url: Option<String>,
    #[serde(flatten)]
    alert: Labelled,
}

/// The level of an alert with this label `severity`, which is empty if it has none.
pub fn level(label: &str) -> &str {
    if label.is_empty() { ALERTING } else { label }
}

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    if post.body.get("alerts").is_some() {
        return Ok(unified(reading, post.typed()?));
    }
    legacy(reading, Fields::of(post.body, reading.zone))
}

fn unified(reading: &Reading<'_>, told: Notification) -> Vec<Alarms> {
    let alarm = |InGroup { status, dashboard_url, alert }| {
        let mut alarm = alert.alarm(status == "firing", |label| reading.levels.severity(level(label)));
        if let Some(address) = dashboard_url.filter(|address| !address.is_empty() && address.len() <= limits::URL_CHARS) {
            alarm.labels["dashboard"] = address.into();
        }
        alarm
    };
    vec![Alarms {
        source: reading.source(),
        group_key: told.group_key.unwrap_or_else(|| "-".to_owned()),
        identity: Identity::OneAtATime,
        alerts: told.alerts.into_iter().map(alarm).collect(),
        truncated: told.truncated_alerts.unwrap_or(0),
    }]
}

fn legacy(reading: &Reading<'_>, body: Fields<'_>) -> Result<Vec<Alarms>, String> {
    let state = body.text("/state").ok_or("The body is not as expected: it has neither alerts nor state.")?;
    let spell = match &*state {
        ALERTING | "no_data" => Spell::Since(None),
        "ok" => Spell::Until { began: None, ended: None },
        // Pending, paused, unknown: nothing has changed yet.
        _ => return Ok(Vec::new()),
    };
    let title = body.text("/ruleName").or_else(|| body.text("/title"));
    let fingerprint = body.text("/ruleId").or_else(|| title.clone()).ok_or("The body is not as expected: it has no ruleId.")?;
    let measured: Vec<String> =
        body.list("/evalMatches").filter_map(|one| Some(format!("{}: {}", one.text("/metric")?, one.text("/value")?))).take(10).collect();
    let told = Told {
        fingerprint,
        title: title.unwrap_or_else(|| "Alert".to_owned()),
        description: Some([body.text("/message").unwrap_or_default(), measured.join("\n")].join("\n").trim().to_owned()),
        spell,
        level: state,
        labels: vec![("panel", body.text("/panelId")), ("organisation", body.text("/orgId"))],
        page: body.text("/ruleUrl"),
        about: body.list("/evalMatches").take(10).flat_map(|one| HOST_TAGS.map(|tag| one.text(tag))).collect(),
    };
    let mut alarms = told.alone(reading, None);
    for alarms in &mut alarms {
        alarms.identity = Identity::OneAtATime;
    }
    Ok(alarms)
}
