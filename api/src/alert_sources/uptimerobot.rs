//! UptimeRobot: its web-hook, whose fields are those of the address and template in docs/integrations/alerts.md, as a form or JSON.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// UptimeRobot.
pub const KIND: Kind = Kind {
    name: "uptimerobot",
    about: "UptimeRobot, its web-hook",
    docs: "docs/integrations/alerts.md#uptimerobot",
    proofs: &[Proof::Address],
    words: &[("down", Severity::Critical)],
    headers: &[],
    looks_like: |body| body.get("monitorID").is_some() && body.get("alertType").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let monitor = body.text("/monitorID").ok_or("The body is not as expected: it has no monitorID.")?;
    let at = body.moment("/alertDateTime");
    let kind = body.text("/alertType").unwrap_or_default();
    // A certificate that runs out is another alert of the same monitor, and nothing tells its end.
    let (fingerprint, state, level, spell) = match &*kind {
        "1" => (monitor, "is down", "down", Spell::Since(at)),
        "2" => (monitor, "is up", "", Spell::changed(false, at)),
        "3" => (format!("{monitor} certificate"), "has a certificate that runs out", "certificate", Spell::Since(at)),
        _ => return Err("The body is not as expected: alertType must be 1, 2 or 3.".to_owned()),
    };
    let name = body.text("/monitorFriendlyName").or_else(|| body.text("/monitorURL")).unwrap_or_else(|| "A monitor".to_owned());
    let told = Told {
        fingerprint,
        title: format!("{name} {state}"),
        description: body.text("/alertDetails"),
        spell,
        level: level.to_owned(),
        labels: vec![("monitor", body.text("/monitorFriendlyName")), ("reason", body.text("/alertTypeFriendlyName"))],
        about: vec![body.text("/monitorURL")],
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
