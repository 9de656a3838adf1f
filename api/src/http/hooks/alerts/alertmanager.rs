//! The webhook (version 4) of Prometheus Alertmanager.

use chrono::{DateTime, Utc};
use domain::alerts::{Alarm, Alarms};
use domain::{Error, validate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Levels, without_nul};
use crate::http::hooks::{cleaned, plain};

/// What Alertmanager sends, as far as we need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    group_key: String,
    alerts: Vec<AlertmanagerAlert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertmanagerAlert {
    status: String,
    #[serde(default)]
    labels: serde_json::Map<String, Value>,
    #[serde(default)]
    annotations: serde_json::Map<String, Value>,
    starts_at: DateTime<Utc>,
    ends_at: Option<DateTime<Utc>>,
    fingerprint: String,
}

impl Body for Notification {
    fn alarms(self, levels: &Levels, now: DateTime<Utc>) -> Result<Alarms, Error> {
        let alerts = self.alerts.into_iter().map(|alert| alert.alarm(levels, now)).collect();
        Ok(Alarms { source: "alertmanager".into(), group_key: self.group_key.replace('\0', ""), alerts })
    }
}

impl AlertmanagerAlert {
    fn alarm(self, levels: &Levels, now: DateTime<Utc>) -> Alarm {
        let text = |map: &serde_json::Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text(&self.labels, "alertname").unwrap_or_else(|| "Alert".into());
        let title = text(&self.annotations, "summary")
            .or_else(|| text(&self.labels, "instance").map(|instance| format!("{name} on {instance}")))
            .unwrap_or(name);
        let level = text(&self.labels, "severity").unwrap_or_default();
        let firing = self.status == "firing";
        Alarm {
            fingerprint: plain(&self.fingerprint),
            title: plain(&title),
            description: text(&self.annotations, "description").map(|description| cleaned(&description)),
            firing,
            starts_at: Some(validate::to_micros(self.starts_at.min(now))),
            // While it fires, the end is a guess or year 1.
            ends_at: self.ends_at.filter(|at| !firing && *at > self.starts_at).map(validate::to_micros),
            severity: levels.severity(&level),
            labels: without_nul(json!({ "labels": self.labels, "annotations": self.annotations })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use entity::Severity;

    use super::*;

    fn alarm(status: &str, annotations: &Value) -> Alarm {
        let body = json!({
            "groupKey": "{}:{}",
            "alerts": [{
                "status": status, "fingerprint": "f", "startsAt": "2026-01-02T03:04:05Z", "endsAt": "2026-01-02T04:04:05Z",
                "labels": { "alertname": "Down", "instance": "web1", "severity": "CRITICAL" }, "annotations": annotations,
            }],
        });
        let levels = BTreeMap::from([("critical".to_owned(), Severity::Critical)]);
        let notification: Notification = serde_json::from_value(body).unwrap();
        let now = "2026-01-02T05:00:00Z".parse().unwrap();
        notification.alarms(&Levels(&levels), now).unwrap().alerts.remove(0)
    }

    #[test]
    fn an_alert_ends_only_once_it_no_longer_fires() {
        assert_eq!(alarm("firing", &json!({})).ends_at, None);
        assert_eq!(alarm("resolved", &json!({})).ends_at, "2026-01-02T04:04:05Z".parse().ok());
    }

    #[test]
    fn the_summary_is_the_title_and_else_the_name_and_the_instance() {
        assert_eq!(alarm("firing", &json!({ "summary": "All down" })).title, "All down");
        let unnamed = alarm("firing", &json!({}));
        assert_eq!((&*unnamed.title, unnamed.severity), ("Down on web1", Some(Severity::Critical)));
    }
}
