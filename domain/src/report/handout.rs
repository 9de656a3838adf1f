//! A report as a document that is taken out of Muster, with its pictures (R26, R29).

use document::picture::{Level, Moment, severity, strip};
use document::{About, Document, Picture};
use entity::{AuditAction, IncidentId, ReportState, Severity, TimelineKind, Timestamp, report};
use serde_json::json;

use super::approval::{Cleared, take_out};
use super::query::of_incidents;
use super::rendered::{Audience, Manuscript, sha256};
use super::sources::{Sources, Told};
use crate::audit::{self, Entry};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::affected_clients_of;
use crate::incident::reference::reference;
use crate::words;

/// A version of a report, to be written in any form.
#[derive(Clone, Debug)]
pub struct Handout {
    /// What it is called as a file, without an ending.
    pub name: String,
    /// Canonical Markdown.
    pub text: String,
    /// The same, read, with its pictures.
    pub document: Document,
    /// What it is taken out of.
    incident: IncidentId,
    /// What is kept on record of it.
    details: serde_json::Value,
}

impl Handout {
    /// Keeps on record that the caller takes it out of Muster.
    pub(crate) async fn is_taken_out(&self, ctx: &Ctx) -> Result<()> {
        let entry = Entry::new(AuditAction::ReportTakenOut).about(self.incident).details(self.details.clone());
        audit::record(ctx, entry).await
    }
}

/// A version of `report`, whose incident the caller has seen, to be taken out of Muster. The same report gives the same document. A client
/// gets exactly what was approved, so no picture.
///
/// # Errors
/// `BAD_USER_INPUT` for a client that is not affected; `FAILED_PRECONDITION` for a client's version that nobody has approved, whoever asks.
pub async fn hand_out(ctx: &Ctx, report: &report::Model, audience: Audience) -> Result<Handout> {
    let handout = version(ctx, report, audience).await?;
    handout.is_taken_out(ctx).await?;
    Ok(handout)
}

/// Every version of the report of an incident that the caller has seen: for a client only what was approved. Nothing is kept on record.
pub(crate) async fn versions(ctx: &Ctx, id: IncidentId) -> Result<Vec<(Audience, Handout)>> {
    let mut versions = Vec::new();
    let Some(report) = of_incidents(ctx, &[id]).await?.pop() else { return Ok(versions) };
    let clients = affected_clients_of(ctx, &[id]).await?;
    let audiences = [Audience::Team, Audience::Company].into_iter().chain(clients.iter().map(|(_, client)| Audience::Client(client.id)));
    for audience in audiences {
        match version(ctx, &report, audience).await {
            Ok(handout) => versions.push((audience, handout)),
            // Nobody has approved it as it is.
            Err(Error::FailedPrecondition { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(versions)
}

async fn version(ctx: &Ctx, report: &report::Model, audience: Audience) -> Result<Handout> {
    let (manuscript, taken) = take_out(ctx, report, audience).await?;
    let cleared = taken.cleared();
    let incident = &manuscript.whole().incident;
    let pictures = if cleared.is_some() { Vec::new() } else { pictures(manuscript.sources()) };
    let document = Document::parse(taken.text(), about(report, &manuscript, audience, cleared), pictures);
    let version = audience.version().as_str();
    let details = json!({ "incident": reference(incident), "version": version, "sha256": sha256(taken.text()) });
    Ok(Handout { name: file_name(&manuscript, audience), text: taken.text().to_owned(), document, incident: incident.id, details })
}

/// What a version is called as a file, without an ending.
pub(super) fn file_name(manuscript: &Manuscript, audience: Audience) -> String {
    let client = audience.client().and_then(|client| manuscript.whole().client_names.get(&client));
    let of = client.map_or_else(|| audience.version().as_str().to_lowercase(), |name| slug(name));
    format!("{}-report-{of}", reference(&manuscript.whole().incident))
}

/// `text` as part of a file's name.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_lowercase();
    if slug.is_empty() { "client".to_owned() } else { slug }
}

/// What stands around the text. Pure.
pub fn about(report: &report::Model, manuscript: &Manuscript, audience: Audience, cleared: Option<&Cleared>) -> About {
    let incident = &manuscript.whole().incident;
    let version = match audience {
        Audience::Team => "Full report",
        Audience::Company => "Abridged report",
        Audience::Client(_) => "Report",
    };
    let state = match report.state {
        ReportState::Draft | ReportState::Circulated => ", draft",
        ReportState::Final => "",
    };
    let at =
        cleared.map(|cleared| cleared.approval().approved_at).or(report.final_at).or(report.circulated_at).unwrap_or(report.started_at);
    About {
        lang: "en".to_owned(),
        ident: format!("{} {}{state}", reference(incident), version.to_lowercase()),
        meta: vec![format!("{version}{state}"), at.format("%-d %B %Y").to_string()],
        at,
    }
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

/// The severities, as the events tell them; none if one was redacted, because the others alone would tell another course.
fn levels(events: &[Told]) -> Vec<Level> {
    let is_lost =
        |told: &Told| told.event.redacted_at.is_some() && matches!(told.event.kind, TimelineKind::Declared | TimelineKind::SeverityChanged);
    if events.iter().any(is_lost) {
        return Vec::new();
    }
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
