//! Nagios and Icinga: the form that `examples/nagios.sh` posts.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Nagios, Icinga, and whatever calls a command with their macros.
pub const KIND: Kind = Kind {
    name: "nagios",
    about: "Nagios or Icinga, by a script",
    docs: "docs/integrations/alerts.md#nagios-and-icinga",
    proofs: &[Proof::Header],
    words: &[("down", Severity::Critical), ("unreachable", Severity::Major)],
    headers: &[],
    looks_like: |body| body.get("notification").is_some() && body.get("host").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let at = body.moment("/since");
    let spell = match &*body.word("/notification") {
        "problem" => Spell::Since(at),
        "recovery" => Spell::changed(false, at),
        "" => return Err("The body is not as expected: it has no notification, such as PROBLEM or RECOVERY.".to_owned()),
        // Acknowledgements, downtimes, flapping.
        _ => return Ok(Vec::new()),
    };
    let host = body.text("/host").ok_or("The body is not as expected: it has no host.")?;
    let (service, state) = (body.text("/service"), body.text("/state").unwrap_or_default());
    let what = service.as_ref().map_or_else(|| host.clone(), |service| format!("{service} on {host}"));
    let told = Told {
        fingerprint: service.as_ref().map_or_else(|| host.clone(), |service| format!("{host}!{service}")),
        title: format!("{what} is {state}"),
        description: body.text("/output"),
        spell,
        level: state,
        labels: vec![("host", Some(host.clone())), ("service", service), ("address", body.text("/address"))],
        page: body.text("/url"),
        about: vec![Some(host.clone()), body.text("/address")],
    };
    Ok(told.alone(reading, Some(host)))
}
