//! Better Stack: outgoing webhooks of its uptime incidents.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Better Stack.
pub const KIND: Kind = Kind {
    name: "betterstack",
    about: "Better Stack, uptime incidents",
    docs: "docs/integrations/alerts.md#better-stack",
    proofs: &[Proof::Header, Proof::Address],
    words: &[("incident", Severity::Critical)],
    headers: &[],
    looks_like: |body| body.pointer("/data/attributes/started_at").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let incident = body.at("/data");
    let is_incident = incident.text("/type").is_none_or(|kind| kind == "incident");
    if !is_incident {
        return Ok(Vec::new());
    }
    let id = incident.text("/id").ok_or("The body is not as expected: it has no data.id.")?;
    let told = incident.at("/attributes");
    let (began, ended) = (told.moment("/started_at"), told.moment("/resolved_at"));
    let is_over = ended.is_some() || told.word("/status") == "resolved";
    let told = Told {
        fingerprint: id,
        title: told.text("/name").or_else(|| told.text("/url")).unwrap_or_else(|| "Better Stack incident".to_owned()),
        description: told.text("/cause"),
        spell: if is_over { Spell::Until { began, ended } } else { Spell::Since(began) },
        level: "incident".to_owned(),
        labels: vec![("cause", told.text("/cause")), ("team", told.text("/team_name")), ("monitor", told.text("/url"))],
        page: told.text("/origin_url"),
        about: vec![told.text("/url")],
    };
    Ok(told.alone(reading, None))
}
