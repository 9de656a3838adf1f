//! Muster's own form, for anything that can post JSON; docs/integrations/alerts.md describes it.
//!
//! What is too long, or not in one line, is cut as that of other kinds is: an alert is not lost over it. What can't be understood is refused
//! with its place, because whoever writes this form can put it right.

use domain::alerts::episode::Identity;
use domain::alerts::labelled::kept;
use domain::alerts::{Alarm, Alarms, links};
use domain::{heartbeats, validate};
use entity::Timestamp;
use serde_json::{Map, Value, json};

use super::kind::{Kind, Post, Proof, Reading};
use super::moment;
use super::told::key;

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

/// The group of alerts that name none.
const NO_GROUP: &str = "-";

/// The alarms in a body of this form.
///
/// # Errors
/// What is wrong and where, in a sentence.
pub fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Part::of(post.body, String::new()).ok_or("The body must be a JSON object with source and alerts.")?;
    let source = match (reading.named, body.text("source")?) {
        (Some(name), _) => name.to_owned(),
        (None, Some(source)) if source == heartbeats::SOURCE => {
            return Err("source can't be heartbeat: so Muster's own alarms are called. Choose another name.".to_owned());
        }
        (None, Some(source)) => validate::name("source", &source).map_err(|refusal| refusal.to_string())?,
        (None, None) => return Err("source is missing: name your system.".to_owned()),
    };
    let group_key = body.text("group")?.map_or_else(|| NO_GROUP.to_owned(), |group| key(&group));
    let Some(Value::Array(alerts)) = body.get("alerts") else { return Err("alerts must be a list of alerts.".to_owned()) };
    let one = |(place, alert): (usize, &Value)| {
        let part = Part::of(alert, format!("alerts[{place}]")).ok_or_else(|| format!("alerts[{place}] must be an object."))?;
        part.alarm(reading)
    };
    let alerts = alerts.iter().enumerate().map(one).collect::<Result<_, String>>()?;
    Ok(vec![Alarms { source, group_key, identity: Identity::Start, alerts, truncated: 0 }])
}

/// An object of the body, and where it is.
struct Part<'a> {
    fields: &'a Map<String, Value>,
    place: String,
}

impl<'a> Part<'a> {
    /// Nothing if `value` is no object.
    fn of(value: &'a Value, place: String) -> Option<Self> {
        Some(Self { fields: value.as_object()?, place })
    }

    /// What a field holds; nothing if it is missing or null.
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// Where a field is, for people.
    fn path(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// A text, which may be written as a number; nothing if it is missing or blank.
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => Err(format!("{} must be a text.", self.path(name))),
        }
    }

    /// A text that must be there.
    fn needed(&self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{} is missing.", self.path(name)))
    }

    fn alarm(&self, reading: &Reading<'_>) -> Result<Alarm, String> {
        Ok(Alarm {
            fingerprint: key(&self.needed("id")?),
            title: validate::as_name(&self.needed("title")?),
            description: self.text("description")?.map(|text| validate::as_text(&text)).filter(|text| !text.trim().is_empty()),
            firing: self.fires()?,
            starts_at: self.time(reading, "startsAt")?,
            ends_at: self.time(reading, "endsAt")?,
            severity: self.text("severity")?.and_then(|level| reading.levels.severity(&level)),
            labels: self.labels()?,
            links: self.links()?,
        })
    }

    fn fires(&self) -> Result<bool, String> {
        match &*self.needed("state")? {
            "firing" => Ok(true),
            "resolved" => Ok(false),
            _ => Err(format!("{} must be firing or resolved.", self.path("state"))),
        }
    }

    /// A time; whoever writes this form can write one that is understood, so anything else is refused.
    fn time(&self, reading: &Reading<'_>, name: &str) -> Result<Option<Timestamp>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if !moment::is_time(value) {
            return Err(format!("{} must be a time such as 2026-11-22T03:10:00Z, or seconds since 1970.", self.path(name)));
        }
        Ok(moment::read(value, reading.zone))
    }

    fn labels(&self) -> Result<Value, String> {
        match self.get("labels") {
            None => Ok(kept(json!({ "labels": {} }))),
            Some(labels @ Value::Object(_)) => Ok(kept(json!({ "labels": labels }))),
            Some(_) => Err(format!("{} must be an object of names and values.", self.path("labels"))),
        }
    }

    fn links(&self) -> Result<Vec<String>, String> {
        match self.get("links") {
            None => Ok(Vec::new()),
            // What is no text is no address, and is passed over as others are.
            Some(Value::Array(all)) => Ok(links(all.iter().filter_map(Value::as_str))),
            Some(_) => Err(format!("{} must be a list of web addresses and hosts.", self.path("links"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::http::HeaderMap;
    use domain::limits;

    use super::super::source::AlertSource;
    use super::*;

    fn alarms(alerts: &Value) -> Result<Vec<Alarm>, String> {
        let body = json!({ "source": "monit", "alerts": alerts }).to_string();
        let mut calls = AlertSource::plain(&KIND).alarms(&BTreeMap::new(), &HeaderMap::new(), body.as_bytes(), &[])?;
        Ok(calls.remove(0).alerts)
    }

    #[test]
    fn what_is_too_long_or_has_lines_is_cut() {
        let long = "x".repeat(limits::NAME_CHARS + 1);
        let alert =
            |id: &str| json!({ "id": id, "title": format!("two\nlines {long}"), "state": "firing", "description": "x".repeat(100_000) });
        let found = alarms(&json!([alert(&format!("{long}a")), alert(&format!("{long}b")), alert("a\nb")])).unwrap();
        assert!(found[0].title.starts_with("two lines x") && found[0].title.chars().count() == limits::NAME_CHARS);
        assert!(found[0].description.as_ref().is_some_and(|text| text.len() <= limits::TEXT_CHARS));
        assert_ne!(found[0].fingerprint, found[1].fingerprint, "long ids stay two");
        assert_eq!(found[2].fingerprint, "a b");
    }

    #[test]
    fn what_can_not_be_understood_is_refused_with_its_place() {
        let good = || json!({ "id": "a", "title": "Down", "state": "firing" });
        for (field, value, expected) in [
            ("id", json!(null), "alerts[1].id is missing."),
            ("id", json!([]), "alerts[1].id must be a text."),
            ("title", json!(" "), "alerts[1].title is missing."),
            ("state", json!("smouldering"), "alerts[1].state must be firing or resolved."),
            ("startsAt", json!("soon"), "alerts[1].startsAt must be a time"),
            ("labels", json!("x"), "alerts[1].labels must be an object"),
            ("links", json!("x"), "alerts[1].links must be a list"),
        ] {
            let mut bad = good();
            bad[field] = value;
            let why = alarms(&json!([good(), bad])).unwrap_err();
            assert!(why.starts_with(expected), "{why}");
        }
        assert!(alarms(&json!([good(), 5])).unwrap_err().starts_with("alerts[1] must be an object."));
        assert!(alarms(&json!({})).unwrap_err().starts_with("alerts must be a list"));
    }
}
