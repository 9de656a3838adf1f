//! What an adapter found out about an alert, and the alarm that it becomes: one place for bounds and for what is kept where.

use domain::alerts::episode::Identity;
use domain::alerts::labelled::kept;
use domain::alerts::{Alarm, Alarms, links};
use domain::{limits, validate};
use entity::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::kind::Reading;

/// An alert as its source tells of it.
#[derive(Default)]
pub struct Told {
    /// What is the same each time.
    pub fingerprint: String,
    /// One line for people.
    pub title: String,
    /// More for people.
    pub description: Option<String>,
    /// Whether it fires.
    pub spell: Spell,
    /// How bad it is, in the source's words; nothing if it does not say.
    pub level: String,
    /// What else is worth keeping, by name.
    pub labels: Vec<(&'static str, Option<String>)>,
    /// Where people look at it at the source.
    pub page: Option<String>,
    /// What it may be about: web addresses and hosts are taken, anything else is passed over.
    pub about: Vec<Option<String>>,
}

/// Whether an alert fires, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spell {
    /// It fires.
    Since(Option<Timestamp>),
    /// It is over.
    Until {
        /// When it began, if the source still knows that.
        began: Option<Timestamp>,
        /// When it ended.
        ended: Option<Timestamp>,
    },
}

impl Default for Spell {
    fn default() -> Self {
        Self::Since(None)
    }
}

impl Spell {
    /// The spell of an alert that changed `at` this moment.
    pub fn changed(fires: bool, at: Option<Timestamp>) -> Self {
        if fires { Self::Since(at) } else { Self::Until { began: None, ended: at } }
    }
}

impl Told {
    /// The alarm.
    pub fn alarm(self, reading: &Reading<'_>) -> Alarm {
        let (firing, starts_at, ends_at) = match self.spell {
            Spell::Since(began) => (true, began, None),
            // Of an end alone it is known that nothing that began later is meant.
            Spell::Until { began, ended } => (false, began.or(ended), ended),
        };
        let labels: Map<String, Value> =
            self.labels.iter().filter_map(|(name, text)| Some(((*name).to_owned(), text.clone()?.into()))).collect();
        let mut known = json!({ "labels": labels });
        if let Some(page) = self.page {
            known["source"] = page.into();
        }
        Alarm {
            fingerprint: key(&self.fingerprint),
            title: validate::as_name(&self.title),
            description: self.description.map(|text| validate::as_text(&text)).filter(|text| !text.trim().is_empty()),
            firing,
            starts_at,
            ends_at,
            labels: kept(known),
            links: links(self.about.iter().flatten().map(String::as_str)),
            severity: reading.levels.severity(&self.level),
        }
    }

    /// The same as the only alarm of a notification. It belongs to the incident of `group`, or without one to its own.
    pub fn alone(self, reading: &Reading<'_>, group: Option<String>) -> Vec<Alarms> {
        let alarm = self.alarm(reading);
        let group_key = group.map_or_else(|| alarm.fingerprint.clone(), |group| key(&group));
        vec![Alarms { source: reading.source(), group_key, identity: Identity::Moment, alerts: vec![alarm], truncated: 0 }]
    }
}

/// The identity of something at its source, as it can be stored and indexed; a long one as its hash.
pub fn key(text: &str) -> String {
    let is_short = text.chars().take(limits::NAME_CHARS + 1).count() <= limits::NAME_CHARS;
    if is_short { validate::as_name(text) } else { format!("sha256:{}", hex::encode(Sha256::digest(text))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_identities_stay_two() {
        let long = |end: &str| format!("{}{end}", "x".repeat(limits::NAME_CHARS));
        assert_eq!(key("arn:aws:x"), "arn:aws:x");
        assert_eq!(key(&long("")), long(""));
        assert_ne!(key(&long("a")), key(&long("b")));
        assert!(key(&long("a")).len() <= limits::NAME_CHARS);
    }
}
