//! Zabbix: what the media type in docs/integrations/alerts.md posts.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Zabbix.
pub const KIND: Kind = Kind {
    name: "zabbix",
    about: "Zabbix, by a webhook media type",
    docs: "docs/integrations/alerts.md#zabbix",
    proofs: &[Proof::Header],
    words: &[("disaster", Severity::Critical), ("high", Severity::Major), ("average", Severity::Minor)],
    headers: &[],
    looks_like: |body| body.get("event_id").is_some() && body.get("trigger").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let (began, ended) = (body.moment("/began"), body.moment("/ended"));
    let spell = match body.text("/value").as_deref() {
        Some("1") => Spell::Since(began),
        Some("0") => Spell::Until { began, ended },
        _ => return Err("The body is not as expected: value must be 1 or 0, as {EVENT.VALUE} is.".to_owned()),
    };
    let host = body.text("/host");
    let name = body.text("/trigger").unwrap_or_else(|| "Zabbix problem".to_owned());
    let told = Told {
        // That of the problem, also when it is over.
        fingerprint: body.text("/event_id").ok_or("The body is not as expected: it has no event_id.")?,
        title: host.as_ref().map_or_else(|| name.clone(), |host| format!("{host}: {name}")),
        description: body.text("/details"),
        spell,
        level: body.text("/severity").unwrap_or_default(),
        labels: vec![("host", host.clone()), ("severity", body.text("/severity")), ("tags", body.text("/tags"))],
        page: body.text("/url"),
        about: vec![host.clone(), body.text("/address")],
    };
    Ok(told.alone(reading, host))
}
