//! Sentry: webhooks of an internal integration. Its signature covers the body alone, so each event is dated by what it says itself.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading, Signed};
use super::signature::hexadecimal;
use super::told::{Spell, Told};

/// Sentry.
pub const KIND: Kind = Kind {
    name: "sentry",
    about: "Sentry, an internal integration",
    docs: "docs/integrations/alerts.md#sentry",
    proofs: &[Proof::Signature { header: SIGNATURE, verify }],
    words: &[("fatal", Severity::Critical)],
    headers: &[],
    looks_like: |body| ["/data/metric_alert", "/data/triggered_rule", "/data/issue/shortId"].iter().any(|at| body.pointer(at).is_some()),
    read,
};

const SIGNATURE: &str = "sentry-hook-signature";

fn verify(signed: &Signed<'_>) -> Result<(), String> {
    signed.has_signed(hexadecimal(signed.header(SIGNATURE)?), &[signed.body])
}

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    let action = body.word("/action");
    let told = if body.has("/data/metric_alert") {
        Some(metric(body, &action))
    } else if body.has("/data/event") {
        Some(rule(body))
    } else if body.has("/data/issue") {
        issue(body, &action)
    } else if body.has("/action") {
        // An installation, a comment.
        return Ok(Vec::new());
    } else {
        return Err("The body is not as expected: it has no action.".to_owned());
    };
    let Some(told) = told else { return Ok(Vec::new()) };
    if told.fingerprint.is_empty() {
        return Err("The body is not as expected: it does not say which alert or issue it is about.".to_owned());
    }
    Ok(told.alone(reading, None))
}

fn metric(body: Fields<'_>, action: &str) -> Told {
    let alert = body.at("/data/metric_alert");
    let (began, ended) = (alert.moment("/date_started"), alert.moment("/date_closed"));
    Told {
        fingerprint: alert.text("/id").map(|id| format!("metric {id}")).unwrap_or_default(),
        title: alert.text("/title").or_else(|| body.text("/data/description_title")).unwrap_or_else(|| "Sentry metric alert".to_owned()),
        description: body.text("/data/description_text"),
        spell: if action == "resolved" { Spell::Until { began, ended } } else { Spell::Since(began) },
        level: action.to_owned(),
        labels: vec![
            ("rule", alert.text("/alert_rule/name")),
            ("projects", Some(alert.list("/projects").filter_map(|project| project.text("")).collect::<Vec<_>>().join(", "))),
        ],
        page: body.text("/data/web_url"),
        ..Told::default()
    }
}

/// An issue's alert rule fired. It ends with the issue.
fn rule(body: Fields<'_>) -> Told {
    let event = body.at("/data/event");
    Told {
        fingerprint: event.text("/issue_id").map(|id| format!("issue {id}")).unwrap_or_default(),
        title: event.text("/title").unwrap_or_else(|| "Sentry issue".to_owned()),
        description: event.text("/culprit"),
        spell: Spell::Since(event.moment("/datetime").or_else(|| event.moment("/timestamp"))),
        level: event.text("/level").unwrap_or_default(),
        labels: vec![
            ("rule", body.text("/data/triggered_rule")),
            ("level", event.text("/level")),
            ("environment", event.text("/environment")),
            ("release", event.text("/release")),
        ],
        page: event.text("/web_url"),
        about: vec![event.text("/request/url")],
    }
}

fn issue(body: Fields<'_>, action: &str) -> Option<Told> {
    let issue = body.at("/data/issue");
    let seen = issue.moment("/lastSeen");
    let spell = match action {
        "created" => Spell::Since(issue.moment("/firstSeen")),
        // By hand perhaps, at a time that it does not say.
        "unresolved" => Spell::Since(None),
        "resolved" | "archived" | "ignored" => Spell::Until { began: issue.moment("/firstSeen"), ended: seen },
        // Assigned.
        _ => return None,
    };
    Some(Told {
        fingerprint: issue.text("/id").map(|id| format!("issue {id}")).unwrap_or_default(),
        title: issue.text("/title").unwrap_or_else(|| "Sentry issue".to_owned()),
        description: issue.text("/culprit"),
        spell,
        level: issue.text("/level").unwrap_or_default(),
        labels: vec![("issue", issue.text("/shortId")), ("level", issue.text("/level")), ("project", issue.text("/project/slug"))],
        page: issue.text("/web_url").or_else(|| issue.text("/permalink")),
        ..Told::default()
    })
}
