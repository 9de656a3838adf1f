//! Opsgenie: its webhook integration. It signs nothing, and sends headers of one's own.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Opsgenie.
pub const KIND: Kind = Kind {
    name: "opsgenie",
    about: "Opsgenie, its webhook integration",
    docs: "docs/integrations/alerts.md#opsgenie",
    proofs: &[Proof::Header],
    words: &[("p1", Severity::Critical), ("p2", Severity::Major), ("p3", Severity::Minor)],
    headers: &[],
    looks_like: |body| body.pointer("/alert/alertId").is_some() && body.get("action").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let alert = body.at("/alert");
    let action = body.text("/action").ok_or("The body is not as expected: it has no action.")?;
    let (created, updated) = (alert.moment("/createdAt"), alert.moment("/updatedAt"));
    let spell = match &*action {
        "Close" | "Delete" => Spell::Until { began: created, ended: updated },
        // Notes, acknowledgements and the rest come while it is open, or are older than its end.
        _ => Spell::Since(created),
    };
    // The alias is the same when it is created anew.
    let fingerprint = alert.text("/alias").or_else(|| alert.text("/alertId"));
    let details = alert.texts("/details");
    let told = Told {
        fingerprint: fingerprint.ok_or("The body is not as expected: it has no alert.alertId.")?,
        title: alert.text("/message").unwrap_or_else(|| "Opsgenie alert".to_owned()),
        description: alert.text("/description"),
        spell,
        level: alert.text("/priority").unwrap_or_default(),
        labels: vec![
            ("entity", alert.text("/entity")),
            ("priority", alert.text("/priority")),
            ("tags", Some(alert.list("/tags").filter_map(|tag| tag.text("")).collect::<Vec<_>>().join(", "))),
            ("integration", body.text("/integrationName")),
        ],
        about: [alert.text("/entity"), alert.text("/source")].into_iter().chain(details.into_values().map(Some)).collect(),
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
