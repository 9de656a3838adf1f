//! Muster's own form, for anything that can post JSON; docs/integrations/alerts.md describes it.

use domain::alerts::episode::Identity;
use domain::alerts::labelled::kept;
use domain::alerts::{Alarm, Alarms, links};
use domain::{Error, heartbeats, validate};
use entity::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::kind::{Kind, Post, Proof, Reading};
use super::moment;

/// Muster's own form.
pub const KIND: Kind = Kind {
    name: "generic",
    about: "Muster's own form, from anything that can post JSON",
    docs: "docs/integrations/alerts.md",
    proofs: &[Proof::Header],
    words: &[],
    headers: &[],
    looks_like: |body| body.pointer("/alerts/0/state").is_some() && body.pointer("/alerts/0/id").is_some(),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    source: Option<String>,
    group: Option<Word>,
    alerts: Vec<One>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct One {
    id: Word,
    title: String,
    description: Option<String>,
    state: State,
    severity: Option<Word>,
    starts_at: Option<Value>,
    ends_at: Option<Value>,
    labels: Option<Map<String, Value>>,
    links: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    Firing,
    Resolved,
}

/// A text that may be written as a number.
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(serde::de::Error::custom("a text was expected")),
        }
    }
}

/// The alarms in a body of this form.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let told: Notification = post.typed()?;
    alarms(reading, told).map_err(|refusal| refusal.to_string())
}

fn alarms(reading: &Reading<'_>, told: Notification) -> Result<Vec<Alarms>, Error> {
    let source = match (reading.named, told.source) {
        (Some(name), _) => name.to_owned(),
        (None, Some(source)) if source.trim() == heartbeats::SOURCE => {
            return Err(Error::invalid("source", "source can't be heartbeat: so Muster's own alarms are called. Choose another name."));
        }
        (None, Some(source)) => validate::name("source", &source)?,
        (None, None) => return Err(Error::invalid("source", "source is missing: name your system.")),
    };
    let group_key = validate::name("group", told.group.as_ref().map_or("-", |group| group.0.as_str()))?;
    let alerts = told.alerts.into_iter().map(|alert| alert.alarm(reading)).collect::<Result<_, Error>>()?;
    Ok(vec![Alarms { source, group_key, identity: Identity::Start, alerts, truncated: 0 }])
}

impl One {
    fn alarm(self, reading: &Reading<'_>) -> Result<Alarm, Error> {
        let labels = self.labels.unwrap_or_default();
        Ok(Alarm {
            fingerprint: validate::name("alerts.id", &self.id.0)?,
            title: validate::name("alerts.title", &self.title)?,
            description: validate::optional_text("alerts.description", self.description.as_deref())?,
            firing: self.state == State::Firing,
            starts_at: time(reading, "alerts.startsAt", self.starts_at.as_ref())?,
            ends_at: time(reading, "alerts.endsAt", self.ends_at.as_ref())?,
            severity: self.severity.and_then(|level| reading.levels.severity(&level.0)),
            labels: kept(json!({ "labels": labels })),
            links: links(self.links.iter().flatten().map(String::as_str)),
        })
    }
}

/// A time; whoever writes this form can write one that is understood, so anything else is refused.
fn time(reading: &Reading<'_>, field: &'static str, value: Option<&Value>) -> Result<Option<Timestamp>, Error> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    if !moment::is_time(value) {
        return Err(Error::invalid(field, format!("{field} must be a time such as 2026-11-22T03:10:00Z, or seconds since 1970.")));
    }
    Ok(moment::read(value, reading.zone))
}
