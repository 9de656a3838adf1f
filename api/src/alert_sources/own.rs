//! Whatever the team has: plain JSON, or a form, with a mapping by JSON pointers in the settings.

use std::collections::BTreeMap;

use domain::alerts::episode::Identity;
use domain::alerts::labelled::kept;
use domain::alerts::{Alarms, links};
use domain::limits;
use entity::Severity;
use serde_json::json;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::mapping::Mapping;
use super::told::{Spell, Told, key};

/// A body of the team's own.
pub const KIND: Kind = Kind {
    name: "json",
    about: "Your own source: any JSON or form, by pointers in the settings",
    docs: "docs/integrations/alerts.md#your-own-source",
    proofs: &[Proof::Header, Proof::Address],
    words: &[(ALERT, Severity::Major)],
    headers: &[],
    looks_like: |_| false,
    read,
};

/// How bad something is that does not say.
const ALERT: &str = "alert";
/// What most say when something is over.
const ENDED: [&str; 14] = [
    "ok",
    "up",
    "resolved",
    "recovered",
    "recovery",
    "closed",
    "normal",
    "success",
    "healthy",
    "passed",
    "cleared",
    "inactive",
    "false",
    "0",
];
/// The group of what is of too many groups.
const REST: &str = "(more groups)";

/// The alarms in a body, by the mapping.
///
/// # Errors
/// What is missing where, in a sentence.
pub fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let items: Vec<Fields<'_>> = match &reading.map.alerts {
        None => vec![body],
        Some(pointer) if body.is_list(pointer) => body.list(pointer).collect(),
        Some(pointer) => return Err(missing("alerts", pointer)),
    };
    let mut groups: BTreeMap<String, Alarms> = BTreeMap::new();
    for item in items {
        let (group, alarm) = one(reading, item)?;
        let is_new = !groups.contains_key(&group);
        let group_key = if is_new && groups.len() >= limits::ALERT_GROUPS_PER_CALL { REST.to_owned() } else { group };
        let empty = || Alarms {
            source: reading.source(),
            group_key: group_key.clone(),
            identity: Identity::OneAtATime,
            alerts: Vec::new(),
            truncated: 0,
        };
        groups.entry(group_key.clone()).or_insert_with(empty).alerts.push(alarm);
    }
    Ok(groups.into_values().collect())
}

fn one(reading: &Reading<'_>, item: Fields<'_>) -> Result<(String, domain::alerts::Alarm), String> {
    let Mapping { title, fingerprint, state, group, link, .. } = reading.map;
    let at = |pointer: &Option<String>| pointer.as_deref().and_then(|pointer| item.text(pointer));
    let needed = |name: &str, pointer: &str| item.text(pointer).ok_or_else(|| missing(name, pointer));
    let title_at = title.as_deref().ok_or("The mapping has no title: set map.title.")?;
    let title = needed("title", title_at)?;
    let fingerprint = needed("fingerprint", fingerprint.as_deref().unwrap_or(title_at))?;
    let moment = |pointer: &Option<String>| pointer.as_deref().and_then(|pointer| item.moment(pointer));
    let is_over = match state {
        None => false,
        Some(pointer) => reading.map.says_ended(&needed("state", pointer)?),
    };
    let (began, ended) = (moment(&reading.map.starts_at), moment(&reading.map.ends_at));
    let link = at(link);
    let labels: BTreeMap<&str, String> =
        reading.map.labels.iter().filter_map(|(name, pointer)| Some((name.as_str(), item.text(pointer)?))).collect();
    let about = links(link.as_deref());
    let known = kept(match &link {
        Some(link) => json!({ "labels": labels, "source": link }),
        None => json!({ "labels": labels }),
    });
    let told = Told {
        fingerprint,
        title,
        description: at(&reading.map.description),
        spell: if is_over { Spell::Until { began, ended } } else { Spell::Since(began) },
        level: at(&reading.map.severity).unwrap_or_else(|| ALERT.to_owned()),
        ..Told::default()
    };
    let mut alarm = told.alarm(reading);
    (alarm.labels, alarm.links) = (known, about);
    let group = at(group).map_or_else(|| alarm.fingerprint.clone(), |group| key(&group));
    Ok((group, alarm))
}

impl Mapping {
    /// Whether what is at `state` means that it is over.
    fn says_ended(&self, state: &str) -> bool {
        let state = state.to_lowercase();
        if self.ended.is_empty() { ENDED.contains(&&*state) } else { self.ended.contains(&state) }
    }
}

fn missing(name: &str, pointer: &str) -> String {
    format!("The body is not as expected: nothing readable is at {pointer:?}, where the mapping has {name}.")
}
