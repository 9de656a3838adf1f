//! Uptime Kuma: its webhook notification, as JSON.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Uptime Kuma.
pub const KIND: Kind = Kind {
    name: "uptime-kuma",
    about: "Uptime Kuma, its webhook",
    docs: "docs/integrations/alerts.md#uptime-kuma",
    proofs: &[Proof::Header],
    words: &[("down", Severity::Critical)],
    headers: &[],
    looks_like: |body| body.get("heartbeat").is_some() && body.get("monitor").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    if !body.has("/heartbeat") && body.has("/msg") {
        // Its test, or a certificate that runs out.
        return Ok(Vec::new());
    }
    let (heartbeat, monitor) = (body.at("/heartbeat"), body.at("/monitor"));
    let (fires, state) = match heartbeat.text("/status").as_deref() {
        Some("0") => (true, "down"),
        Some("1") => (false, "up"),
        // Pending or maintenance.
        Some("2" | "3") => return Ok(Vec::new()),
        _ => return Err("The body is not as expected: heartbeat.status must be 0, 1, 2 or 3.".to_owned()),
    };
    let id = heartbeat.text("/monitorID").or_else(|| monitor.text("/id"));
    let name = monitor.text("/name").unwrap_or_else(|| "A monitor".to_owned());
    let told = Told {
        fingerprint: id.ok_or("The body is not as expected: it has no heartbeat.monitorID.")?,
        title: format!("{name} is {state}"),
        description: heartbeat.text("/msg"),
        spell: Spell::changed(fires, heartbeat.moment_in_utc("/time")),
        level: state.to_owned(),
        labels: vec![("monitor", Some(name)), ("type", monitor.text("/type"))],
        about: vec![monitor.text("/url"), monitor.text("/hostname")],
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
