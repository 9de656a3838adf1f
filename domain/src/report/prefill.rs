//! What the facts say in each section of a report (R26). Pure.
//!
//! A time that is missing is said to be unknown, never taken for zero. People are named here; renderings have roles in their place
//! ([`crate::blameless`]).

use std::fmt::Write;

use chrono::Duration;
use entity::{ActionState, Role, TimelineKind, Timestamp};

use super::sources::{Sources, Told};
use crate::incident::reference::reference;
use crate::timeline::WRITABLE;
use crate::timeline::rollout::Rollout;
use crate::{limits, words};

/// Longer than this between what happened and its record, and both times are told.
const LATE: Duration = Duration::minutes(5);
/// Bytes after which the timeline only counts what is left: with room for people's words in the section.
const LONGEST: usize = limits::SECTION_CHARS / 2;
/// Characters of an event, and of an update to clients; the record has the rest.
const EVENT_CHARS: usize = 2_000;
/// What is said of a figure that is missing.
const UNKNOWN: &str = "unknown";
/// How a day stands above its events.
const DAY: &str = "%A %-d %B %Y (%Z)";
/// How a time of day stands before an event.
const TIME: &str = "%H:%M";

/// What the facts say in the section named `key`, as Markdown; nothing if they have nothing to say there.
pub fn prefill(key: &str, sources: &Sources) -> String {
    let text = match key {
        "overview" => overview(sources),
        "impact" => impact(sources),
        "timeline" => timeline(sources),
        "helped" => helped(sources),
        "actions" => actions(sources),
        _ => String::new(),
    };
    text.trim().to_owned()
}

/// From the incident's beginning to `end`, in words.
fn from_to(start: Option<Timestamp>, end: Option<Timestamp>) -> String {
    match (start, end) {
        (Some(start), Some(end)) if end >= start => words::span(end - start),
        _ => UNKNOWN.to_owned(),
    }
}

fn overview(sources: &Sources) -> String {
    let incident = &sources.whole.incident;
    let at = |time: Option<Timestamp>| time.map_or_else(|| "at an unknown time".to_owned(), |at| sources.playbook.local(at));
    let mut text = format!("**{} {}** ({}).", reference(incident), incident.name, words::severity(incident.severity));
    let began = incident.impact_started_at.or(Some(incident.reported_at));
    match incident.resolved_at {
        Some(resolved) => {
            let _ = write!(
                text,
                " It began {} and was resolved {}, {} later.",
                at(began),
                sources.playbook.local(resolved),
                from_to(began, Some(resolved))
            );
        }
        None => {
            let _ = write!(text, " It began {} and is not resolved yet.", at(began));
        }
    }
    let mut clients: Vec<&str> = sources.whole.client_names.values().map(String::as_str).collect();
    clients.sort_unstable();
    // A client knows who they are.
    if !clients.is_empty() && sources.client.is_none() {
        let _ = write!(text, "\n\nAffected clients: {}.", clients.join(", "));
    }
    if !sources.sites.is_empty() {
        let _ = write!(text, "\n\nSites: {}.", sources.sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(", "));
    }
    let is_summary = |told: &&Told| {
        let is_meant = matches!(told.event.kind, TimelineKind::Update | TimelineKind::Resolved);
        sources.client.is_none() && is_meant && !told.is_silent()
    };
    if let Some(last) = sources.events.iter().rev().find(is_summary) {
        let _ = write!(text, "\n\n{}", last.text);
    }
    text
}

fn impact(sources: &Sources) -> String {
    let incident = &sources.whole.incident;
    let first = |role: Role| sources.whole.roles.iter().filter(|row| row.role == role).map(|row| row.assigned_at).min();
    let at = |time: Option<Timestamp>| time.map_or_else(|| UNKNOWN.to_owned(), |at| sources.playbook.local(at));
    let count = |figure: Option<i32>| figure.map_or_else(|| UNKNOWN.to_owned(), |figure| figure.to_string());
    let began = incident.impact_started_at;
    let rows = [
        ("Impact began", at(began)),
        ("Impact ended", at(incident.impact_ended_at)),
        ("Impact lasted", from_to(began, incident.impact_ended_at)),
        ("From the impact to the report", from_to(began, Some(incident.reported_at))),
        ("From the report to the declaration", from_to(Some(incident.reported_at), incident.declared_at)),
        ("From the declaration to a lead", from_to(incident.declared_at, first(Role::IncidentLead))),
        ("From the declaration to the resolution", from_to(incident.declared_at, incident.resolved_at)),
        ("Failed requests", count(incident.impact_requests)),
        ("Visits affected", count(incident.impact_visits)),
        ("People affected", count(incident.impact_users)),
        ("Clients affected", sources.whole.clients.len().to_string()),
    ];
    // How fast the team was is its own affair, and a client is not told that figures are missing, nor how many others there are.
    let is_told = |(what, how_much): &(&str, String)| {
        sources.client.is_none() || !(what.starts_with("From the ") || *what == "Clients affected" || how_much == UNKNOWN)
    };
    let mut text = String::new();
    for (what, how_much) in rows.into_iter().filter(is_told) {
        if text.is_empty() {
            text.push_str("| What | How much |\n| --- | --- |\n");
        }
        let _ = writeln!(text, "| {what} | {how_much} |");
    }
    if let Some(description) = &incident.impact_description {
        let _ = write!(text, "\n{description}");
    }
    text
}

fn timeline(sources: &Sources) -> String {
    let zone = &sources.playbook.working_hours.zone;
    let mut text = String::new();
    let mut day = String::new();
    let mut left_out = sources.others.len();
    for told in &sources.events {
        if text.len() > LONGEST {
            left_out += 1;
            continue;
        }
        let local = told.at.with_timezone(zone);
        let today = local.format(DAY).to_string();
        if today != day {
            let _ = write!(text, "\n**{today}**\n\n");
            day = today;
        }
        let _ = writeln!(text, "- **{}** {}", local.format(TIME), line(told, sources));
    }
    if left_out > 0 {
        let _ = writeln!(text, "\n{left_out} more events are in the incident's record.");
    }
    if !sources.updates.is_empty() {
        text.push_str("\n**What clients were told**\n\n");
    }
    for update in &sources.updates {
        let at = update.sent_at.map(|at| sources.playbook.local(at)).unwrap_or_default();
        let _ = writeln!(text, "- **{at}** {}", under(&shortened(&update.body)));
    }
    text
}

/// As much of `text` as the report tells.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(EVENT_CHARS) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// `text` as an item of a list: what follows its first line is indented, so that it stays part of it.
fn under(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\n  ").replace("\n  \n", "\n\n")
}

/// An event as an item of the list.
fn line(told: &Told, sources: &Sources) -> String {
    let zone = &sources.playbook.working_hours.zone;
    let who = told.event.actor_id.and_then(|id| sources.people.get(&id)).filter(|_| is_by_hand(told.event.kind));
    let who = who.map(|name| format!("{name}: ")).unwrap_or_default();
    let mut text = match told.event.kind {
        TimelineKind::Command if !told.is_silent() => format!("{who}\n\n```\n{}\n```", shortened(&told.text)),
        _ => format!("{who}{}", shortened(&told.text)),
    };
    if let Some(how) = change(told) {
        let _ = write!(text, " ({how})");
    }
    // When the team wrote it down is its own affair.
    if sources.client.is_none() && told.event.recorded_at - told.at > LATE {
        let _ = write!(text, " *(written down {})*", told.event.recorded_at.with_timezone(zone).format("%-d %b, %H:%M"));
    }
    if told.is_corrected {
        text.push_str(" *(corrected afterwards)*");
    }
    under(&text)
}

/// How a change was tried and deployed (R23).
fn change(told: &Told) -> Option<String> {
    let details: serde_json::Value = serde_json::from_str(told.event.details.as_deref()?).ok()?;
    Some(Rollout::of(&details)?.in_words())
}

/// Whether people write events of this kind themselves, so that it says something who did.
fn is_by_hand(kind: TimelineKind) -> bool {
    WRITABLE.contains(&kind)
}

fn helped(sources: &Sources) -> String {
    let alert = sources.events.iter().find(|told| told.event.kind == TimelineKind::Alert);
    let reported = sources.whole.incident.reported_at;
    match alert {
        Some(alert) if alert.at <= reported => format!("- An alert told us at {}.", sources.playbook.local(alert.at)),
        _ => String::new(),
    }
}

fn actions(sources: &Sources) -> String {
    let mut text = String::new();
    for row in sources.whole.follow_ups.iter().filter(|row| row.state != ActionState::Dropped) {
        let owner = sources.people.get(&row.owner_id).map_or("nobody yet", String::as_str);
        let due = row.due_on.map(|day| format!(", by {}", day.format("%-d %B %Y"))).unwrap_or_default();
        let done = if row.state == ActionState::Done { " (done)" } else { "" };
        let _ = writeln!(text, "- {}: {owner}{due}{done}", row.title);
    }
    text
}
