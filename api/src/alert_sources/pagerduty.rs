//! PagerDuty: webhooks, version 3.
//!
//! While a signing secret is replaced, several signatures come along. They cover no time, so each event is dated by what it says itself: one
//! that comes again is old news.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading, Signed};
use super::signature::hexadecimal;
use super::told::{Spell, Told};

/// PagerDuty.
pub const KIND: Kind = Kind {
    name: "pagerduty",
    about: "PagerDuty, webhooks of version 3",
    docs: "docs/integrations/alerts.md#pagerduty",
    proofs: &[Proof::Signature { header: SIGNATURE, verify }],
    words: &[("p1", Severity::Critical), ("p2", Severity::Major), ("p3", Severity::Minor)],
    headers: &[],
    looks_like: |body| body.pointer("/event/event_type").is_some(),
    read,
};

const SIGNATURE: &str = "x-pagerduty-signature";

fn verify(signed: &Signed<'_>) -> Result<(), String> {
    let shown = signed.header(SIGNATURE)?.split(',').filter_map(|one| hexadecimal(one.trim().strip_prefix("v1=")?));
    signed.has_signed(shown, &[signed.body])
}

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let event = Fields::of(post.body, reading.zone).at("/event");
    let kind = event.text("/event_type").ok_or("The body is not as expected: it has no event.event_type.")?;
    let incident = event.at("/data");
    // Notes, responders and the test of a subscription say nothing of whether it fires.
    if incident.text("/type").as_deref() != Some("incident") {
        return Ok(Vec::new());
    }
    let happened = event.moment("/occurred_at");
    let created = incident.moment("/created_at");
    let spell = match (&*incident.word("/status"), &*kind) {
        ("resolved", _) => Spell::Until { began: created, ended: happened },
        (_, "incident.reopened") => Spell::Since(happened),
        _ => Spell::Since(created.or(happened)),
    };
    let told = Told {
        fingerprint: incident.text("/id").ok_or("The body is not as expected: it has no event.data.id.")?,
        title: incident.text("/title").unwrap_or_else(|| "PagerDuty incident".to_owned()),
        spell,
        level: incident.text("/priority/summary").or_else(|| incident.text("/urgency")).unwrap_or_default(),
        labels: vec![
            ("service", incident.text("/service/summary")),
            ("number", incident.text("/number")),
            ("urgency", incident.text("/urgency")),
            ("priority", incident.text("/priority/summary")),
        ],
        page: incident.text("/html_url"),
        about: vec![incident.text("/service/summary")],
        ..Told::default()
    };
    Ok(told.alone(reading, None))
}
