//! Alerts that are described by labels and annotations, as Prometheus and what follows it do: one reading for notifications and lists.

use entity::{Severity, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::alarm::Alarm;
use crate::validate;

/// An alert as Alertmanager writes it, in notifications and in its API alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labelled {
    /// Its identity: that of its labels.
    pub fingerprint: String,
    /// What identifies it.
    #[serde(default)]
    pub labels: Map<String, Value>,
    /// What else there is to say.
    #[serde(default)]
    pub annotations: Map<String, Value>,
    /// When it began.
    pub starts_at: Timestamp,
    /// When it ended; while it fires, a guess or the year 1.
    pub ends_at: Option<Timestamp>,
}

impl Labelled {
    /// The same as an alarm. `level` says what a label `severity` means, whatever its case.
    pub fn alarm(self, firing: bool, level: impl FnOnce(&str) -> Option<Severity>) -> Alarm {
        let text = |map: &Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text(&self.labels, "alertname").unwrap_or_else(|| "Alert".into());
        let title = text(&self.annotations, "summary")
            .or_else(|| text(&self.labels, "instance").map(|instance| format!("{name} on {instance}")))
            .unwrap_or(name);
        Alarm {
            fingerprint: validate::as_name(&self.fingerprint),
            title: validate::as_name(&title),
            description: text(&self.annotations, "description").map(|description| validate::as_text(&description)),
            firing,
            starts_at: Some(validate::storable(self.starts_at)),
            ends_at: self.ends_at.filter(|at| !firing && *at > self.starts_at).map(validate::storable),
            severity: level(&text(&self.labels, "severity").unwrap_or_default().to_lowercase()),
            labels: without_nul(json!({ "labels": self.labels, "annotations": self.annotations })),
        }
    }
}

/// A value without U+0000, which PostgreSQL can't store.
pub fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nul).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name.replace('\0', ""), without_nul(value))).collect())
        }
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(firing: bool, annotations: &Value) -> Alarm {
        let alert: Labelled = serde_json::from_value(json!({
            "fingerprint": "f", "startsAt": "2026-01-02T03:04:05Z", "endsAt": "2026-01-02T04:04:05Z",
            "labels": { "alertname": "Down", "instance": "web1", "severity": "CRITICAL" }, "annotations": annotations,
        }))
        .unwrap();
        alert.alarm(firing, |level| (level == "critical").then_some(Severity::Critical))
    }

    #[test]
    fn an_alert_ends_only_once_it_no_longer_fires() {
        assert_eq!(alarm(true, &json!({})).ends_at, None);
        assert_eq!(alarm(false, &json!({})).ends_at, "2026-01-02T04:04:05Z".parse().ok());
    }

    #[test]
    fn the_summary_is_the_title_and_else_the_name_and_the_instance() {
        assert_eq!(alarm(true, &json!({ "summary": "All down" })).title, "All down");
        let unnamed = alarm(true, &json!({}));
        assert_eq!((&*unnamed.title, unnamed.severity), ("Down on web1", Some(Severity::Critical)));
    }
}
