//! StatusCake: its web hook, a form. It can send neither headers nor a signature: its `Token` is always the same and no proof.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// StatusCake.
pub const KIND: Kind = Kind {
    name: "statuscake",
    about: "StatusCake, uptime tests",
    docs: "docs/integrations/alerts.md#statuscake",
    proofs: &[Proof::Address],
    words: &[("down", Severity::Critical)],
    headers: &[],
    looks_like: |body| body.get("StatusCode").is_some() && body.get("Status").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let status = body.word("/Status");
    let fires = match &*status {
        "down" => true,
        "up" => false,
        _ => return Err("The body is not as expected: Status is neither Up nor Down.".to_owned()),
    };
    let (name, url) = (body.text("/Name"), body.text("/URL"));
    let title = name.clone().or_else(|| url.clone()).ok_or("The body is not as expected: it has neither Name nor URL.")?;
    let told = Told {
        fingerprint: [name, url.clone()].into_iter().flatten().collect::<Vec<_>>().join(" "),
        title: format!("{title} is {status}"),
        description: body.text("/StatusCode").map(|code| format!("Status code {code}")),
        spell: Spell::changed(fires, None),
        level: status,
        labels: vec![("status_code", body.text("/StatusCode")), ("tags", body.text("/Tags")), ("address", body.text("/IP"))],
        about: vec![url],
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
