//! Alerts that are described by labels and annotations, as Prometheus and what follows it do: one reading for notifications and lists.

use entity::{Severity, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::alarm::Alarm;
use crate::{limits, validate};

/// What a value costs of [`limits::ALERT_LABELS_BYTES`] besides its text.
const VALUE_BYTES: usize = 8;

/// An alert as Alertmanager writes it, in notifications and in its API alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labelled {
    /// Its identity: that of its labels.
    pub fingerprint: String,
    /// What identifies it.
    #[serde(default, deserialize_with = "or_nothing")]
    pub labels: Map<String, Value>,
    /// What else there is to say.
    #[serde(default, deserialize_with = "or_nothing")]
    pub annotations: Map<String, Value>,
    /// When it began.
    pub starts_at: Timestamp,
    /// When it ended; while it fires, a guess or the year 1.
    pub ends_at: Option<Timestamp>,
    /// Where people look at what fired.
    #[serde(rename = "generatorURL")]
    pub generator_url: Option<String>,
}

/// Null is as good as nothing.
fn or_nothing<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    Option::<Map<String, Value>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Labelled {
    /// The same as an alarm. `level` says what a label `severity` means, whatever its case.
    pub fn alarm(self, firing: bool, level: impl FnOnce(&str) -> Option<Severity>) -> Alarm {
        let text = |map: &Map<String, Value>, key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text(&self.labels, "alertname").unwrap_or_else(|| "Alert".into());
        let title = text(&self.annotations, "summary")
            .or_else(|| text(&self.labels, "instance").map(|instance| format!("{name} on {instance}")))
            .unwrap_or(name);
        let description = text(&self.annotations, "description").map(|description| validate::as_text(&description));
        let severity = level(&text(&self.labels, "severity").unwrap_or_default().to_lowercase());
        // Where room is short, annotations give way: the rest says what it is about.
        let mut room = limits::ALERT_LABELS_BYTES;
        let labels = fitting(Value::Object(self.labels), &mut room);
        let source = self.generator_url.filter(|address| !address.is_empty()).map(|address| fitting(Value::String(address), &mut room));
        let annotations = fitting(Value::Object(self.annotations), &mut room);
        let mut known = json!({ "labels": labels, "annotations": annotations });
        if let Some(address) = source {
            known["source"] = address;
        }
        Alarm {
            fingerprint: validate::as_name(&self.fingerprint),
            title: validate::as_name(&title),
            description,
            firing,
            starts_at: Some(validate::storable(self.starts_at)),
            ends_at: self.ends_at.filter(|at| !firing && *at > self.starts_at).map(validate::storable),
            severity,
            labels: known,
            // Its labels say what it is about.
            links: Vec::new(),
        }
    }
}

/// Labels as they are kept: without U+0000, which PostgreSQL can't store, and [`limits::ALERT_LABELS_BYTES`] of them. The rest is left out.
pub fn kept(labels: Value) -> Value {
    let mut room = limits::ALERT_LABELS_BYTES;
    fitting(labels, &mut room)
}

/// As much of `value` as there is room for.
fn fitting(value: Value, room: &mut usize) -> Value {
    *room = room.saturating_sub(VALUE_BYTES);
    match value {
        Value::String(text) => Value::String(cut(&text, room)),
        Value::Array(items) => items.into_iter().map_while(|item| if *room == 0 { None } else { Some(fitting(item, room)) }).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                if *room == 0 { None } else { Some((cut(&name, room), fitting(value, room))) }
            };
            fields.into_iter().map_while(field).collect()
        }
        plain => plain,
    }
}

fn cut(text: &str, room: &mut usize) -> String {
    let mut kept = text[..text.floor_char_boundary(*room)].replace('\0', "");
    if kept.len() < text.len() && *room < text.len() {
        kept.push('…');
    }
    *room = room.saturating_sub(text.len());
    kept
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
    fn labels_are_kept_within_bounds() {
        let few = json!({ "a\0": "x\0y", "b": { "list": [1, null, "é"] } });
        assert_eq!(kept(few), json!({ "a": "xy", "b": { "list": [1, null, "é"] } }));
        let many: Map<String, Value> = (0..100_000).map(|number| (number.to_string(), json!(""))).collect();
        let long = json!({ "long": "é".repeat(1_000_000), "more": "gone" });
        for labels in [Value::Object(many), long, json!([vec![json!([]); 100_000]])] {
            let size = kept(labels).to_string().len();
            assert!((1_000..=2 * limits::ALERT_LABELS_BYTES).contains(&size), "{size}");
        }
    }

    #[test]
    fn long_annotations_take_no_room_from_labels() {
        let alarm = alarm(true, &json!({ "log": "x".repeat(2 * limits::ALERT_LABELS_BYTES), "more": "gone" }));
        assert_eq!(alarm.labels["labels"]["instance"], "web1");
        assert!(alarm.labels.to_string().len() <= 2 * limits::ALERT_LABELS_BYTES);
        assert!(alarm.labels["annotations"].get("log").is_some() && alarm.labels["annotations"].get("more").is_none());
    }

    #[test]
    fn what_is_null_is_missing_and_where_it_fired_is_kept() {
        let alert: Labelled = serde_json::from_value(json!({
            "fingerprint": "f", "startsAt": "2026-01-02T03:04:05Z", "endsAt": null, "annotations": null, "generatorURL": "http://prom.example/g",
            "labels": { "alertname": "Down", "instance": "https://shop.example.org/", "job": "blackbox" },
        }))
        .unwrap();
        let alarm = alert.alarm(true, |_| None);
        assert_eq!((alarm.description, &alarm.labels["source"]), (None, &json!("http://prom.example/g")));
    }

    #[test]
    fn the_summary_is_the_title_and_else_the_name_and_the_instance() {
        assert_eq!(alarm(true, &json!({ "summary": "All down" })).title, "All down");
        let unnamed = alarm(true, &json!({}));
        assert_eq!((&*unnamed.title, unnamed.severity), ("Down on web1", Some(Severity::Critical)));
    }
}
