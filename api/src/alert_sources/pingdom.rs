//! Pingdom: its webhook, JSON without a signature.

use domain::alerts::Alarms;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading};
use super::told::{Spell, Told};

/// Pingdom.
pub const KIND: Kind = Kind {
    name: "pingdom",
    about: "Pingdom, uptime and transaction checks",
    docs: "docs/integrations/alerts.md#pingdom",
    proofs: &[Proof::Address],
    // Its importance HIGH is among the usual words, and LOW reports nothing.
    words: &[],
    headers: &[],
    looks_like: |body| body.get("check_id").is_some() && body.get("current_state").is_some(),
    read,
};

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let state = body.word("/current_state");
    let fires = match &*state {
        "down" | "failing" | "unconfirmed_down" => true,
        "up" | "success" => false,
        "" => return Err("The body is not as expected: it has no current_state.".to_owned()),
        // Paused or unknown.
        _ => return Ok(Vec::new()),
    };
    let changed = body.moment("/state_changed_timestamp").or_else(|| body.moment_in_utc("/state_changed_utc_time"));
    let name = body.text("/check_name").unwrap_or_else(|| "Pingdom check".to_owned());
    let told = Told {
        fingerprint: body.text("/check_id").ok_or("The body is not as expected: it has no check_id.")?,
        title: format!("{name} is {state}"),
        description: body.text("/long_description").or_else(|| body.text("/description")),
        spell: Spell::changed(fires, changed),
        level: body.text("/importance_level").unwrap_or_else(|| "high".to_owned()),
        labels: vec![
            ("check", body.text("/check_type")),
            ("importance", body.text("/importance_level")),
            ("probe", body.text("/first_probe/location")),
            ("tags", Some(body.list("/tags").filter_map(|tag| tag.text("")).collect::<Vec<_>>().join(", "))),
        ],
        about: vec![body.text("/check_params/full_url"), body.text("/check_params/hostname")],
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
