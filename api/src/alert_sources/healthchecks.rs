//! Healthchecks.io: its webhook, whose body is the template in docs/integrations/alerts.md.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Healthchecks.io.
pub const KIND: Kind = Kind {
    name: "healthchecks",
    about: "Healthchecks.io, the service or one's own",
    docs: "docs/integrations/alerts.md#healthchecksio",
    proofs: &[Proof::Header],
    words: &[("down", Severity::Critical)],
    headers: &[],
    looks_like: |body| body.get("code").is_some() && body.get("status").is_some() && body.get("now").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let status = body.word("/status");
    let fires = match &*status {
        "down" => true,
        "up" => false,
        _ => return Err("The body is not as expected: status is neither up nor down.".to_owned()),
    };
    let name = body.text("/name").unwrap_or_else(|| "A check".to_owned());
    let told = Told {
        fingerprint: body.text("/code").ok_or("The body is not as expected: it has no code.")?,
        title: format!("{name} is {status}"),
        spell: Spell::changed(fires, body.moment("/now")),
        level: status,
        labels: vec![("check", Some(name)), ("tags", body.text("/tags"))],
        about: body.text("/tags").unwrap_or_default().split_whitespace().map(|tag| Some(tag.to_owned())).collect(),
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
