//! A report as a document that is taken out of Muster, with its pictures (R26, R29).

use document::picture::{Level, Moment, severity, strip};
use document::{About, Document, Picture};
use entity::{ReportState, Severity, TimelineKind, Timestamp, report};

use super::approval::{Cleared, take_out};
use super::rendered::{Audience, Manuscript};
use super::sources::{Sources, Told};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::reference::reference;
use crate::words;

/// A version of `report`, whose incident the caller has seen, as a document. The same report gives the same document.
///
/// # Errors
/// `BAD_USER_INPUT` for a client that is not affected; `FAILED_PRECONDITION` for a client's version that nobody has approved, whoever asks.
pub async fn document(ctx: &Ctx, report: &report::Model, audience: Audience) -> Result<Document> {
    let (manuscript, rendered, cleared) = take_out(ctx, report, audience).await?;
    Ok(laid_out(report, &manuscript, audience, &rendered.text, cleared.as_ref()))
}

/// Puts `text` and its pictures together. Pure. A client gets exactly what was approved, so no picture.
pub fn laid_out(report: &report::Model, manuscript: &Manuscript, audience: Audience, text: &str, cleared: Option<&Cleared>) -> Document {
    let incident = &manuscript.whole().incident;
    let (version, pictures) = match audience {
        Audience::Team => ("Full report", pictures(manuscript.sources())),
        Audience::Company => ("Abridged report", pictures(manuscript.sources())),
        Audience::Client(_) => ("Report", Vec::new()),
    };
    let state = match report.state {
        ReportState::Draft | ReportState::Circulated => ", draft",
        ReportState::Final => "",
    };
    let at =
        cleared.map(|cleared| cleared.approval().approved_at).or(report.final_at).or(report.circulated_at).unwrap_or(report.started_at);
    let about = About {
        lang: "en".to_owned(),
        ident: format!("{} {}{state}", reference(incident), version.to_lowercase()),
        meta: vec![format!("{version}{state}"), at.format("%-d %B %Y").to_string()],
        at,
    };
    Document::parse(text, about, pictures)
}

/// What happened when, and how bad it was. They name nobody: their words are those of kinds of events.
fn pictures(sources: &Sources) -> Vec<Picture> {
    let incident = &sources.whole.incident;
    let from = incident.impact_started_at.map_or(incident.reported_at, |began| began.min(incident.reported_at));
    let last = sources.events.iter().map(|told| told.at).max();
    let Some(to) = incident.resolved_at.or(last).filter(|to| *to > from) else { return Vec::new() };
    let moments: Vec<Moment> = sources.events.iter().map(moment).collect();
    let levels = levels(&sources.events);
    let mut pictures = vec![strip(&moments, from, to)];
    if !levels.is_empty() {
        pictures.push(severity(&levels, from, to));
    }
    pictures
}

fn moment(told: &Told) -> Moment {
    let (label, is_key) = match told.event.kind {
        TimelineKind::Reported => ("Reported", true),
        TimelineKind::Declared => ("Declared an incident", true),
        TimelineKind::SeverityChanged => ("Severity changed", true),
        TimelineKind::StatusChanged => ("Status changed", true),
        TimelineKind::Escalated => ("Second line called", true),
        TimelineKind::Resolved => ("Resolved", true),
        TimelineKind::Reopened => ("Reopened", true),
        TimelineKind::Closed => ("Closed", true),
        TimelineKind::Change => ("A change", true),
        TimelineKind::Decision => ("A decision", true),
        TimelineKind::Finding => ("A finding", told.event.starred),
        _ => ("A key moment", told.event.starred),
    };
    Moment { at: told.at, label: label.to_owned(), is_key }
}

/// The severities, as the events tell them.
fn levels(events: &[Told]) -> Vec<Level> {
    events.iter().filter_map(|told| level(told.at, told.event.kind, told.event.details.as_deref()?)).collect()
}

fn level(since: Timestamp, kind: TimelineKind, details: &str) -> Option<Level> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    let severity = match kind {
        TimelineKind::Declared => &details["severity"],
        TimelineKind::SeverityChanged => &details["to"],
        _ => return None,
    };
    let severity: Severity = serde_json::from_value(severity.clone()).ok()?;
    let rank = match severity {
        Severity::Critical => 4,
        Severity::Major => 3,
        Severity::Minor => 2,
        Severity::Trivial => 1,
    };
    Some(Level { since, name: words::severity(severity).to_owned(), rank })
}
