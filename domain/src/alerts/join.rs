//! Alerts that join an incident: what its timeline says, and whether somebody must look (R18).

use entity::{IncidentId, IncidentStatus, PageReason, Severity, SiteId, TimelineKind, Timestamp, alert};
use sea_orm::IntoActiveModel;
use serde_json::json;

use super::about;
use super::alarm::{Alarm, Alarms};
use super::flapping;
use super::known::{Seen, Word};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::state;
use crate::incident::writes::add_sites;
use crate::limits;
use crate::record::{Draft, Light, NewEvent, Scope};
use crate::telling::pages;
use crate::telling::roster::Staffed;

/// Has alerts join `incident`. One that reached a level that reports can raise the severity and page somebody.
pub(super) async fn join(ctx: &Ctx, call: &Alarms, incident: IncidentId, alerts: &[Seen<'_>], notes: &[String]) -> Result<()> {
    if alerts.iter().any(|seen| seen.reached.is_some()) {
        let new = alerts.iter().filter(|seen| seen.reached.is_some() && seen.is_new_there);
        let sites = about::sites(ctx, new.map(|seen| seen.alarm)).await?;
        let joined = change::<Staffed, _>(ctx, incident, Right::Report, None, |facts, draft| {
            write(draft, call, alerts, notes);
            look_up(draft, facts, call, alerts);
            add_missing(draft, &sites);
            Ok(())
        });
        joined.await?;
    } else {
        let joined = change::<Light, _>(ctx, incident, Right::Report, None, |_, draft| {
            write(draft, call, alerts, notes);
            Ok(())
        });
        joined.await?;
    }
    Ok(())
}

/// Writes into the draft that the incident is about these sites as well, up to as many as a list may have.
fn add_missing(draft: &mut Draft<'_>, sites: &[SiteId]) {
    let known = &draft.whole().sites;
    let missing = sites.iter().copied().filter(|site| !known.iter().any(|row| row.site_id == *site));
    let missing: Vec<SiteId> = missing.take(limits::LIST_ITEMS.saturating_sub(known.len())).collect();
    add_sites(draft, &missing);
}

/// Writes into the draft what alerts mean to the incident: events if one is new, worse or over, none if it only repeats or flaps.
pub(super) fn write<S: Scope>(draft: &mut Draft<'_, S>, call: &Alarms, alerts: &[Seen<'_>], notes: &[String]) {
    let incident = draft.incident().id;
    let mut is_news = false;
    for seen in alerts {
        let mut told = seen.told.clone();
        told.retain(|(word, _)| !seen.is_hushed || matches!(word, Word::Flaps | Word::Raised));
        if told.is_empty() && (seen.is_new_there || seen.row.incident_id.is_none()) && seen.row.firing {
            told.push((Word::Firing, seen.alarm));
        }
        is_news |= !told.is_empty();
        for (word, alarm) in told {
            let event = event(draft.now, call, seen, word, alarm);
            draft.record(event);
        }
    }
    // A row that another takes over from ends before that one fires.
    for (former, as_read) in alerts.iter().filter_map(|seen| seen.former.clone()) {
        draft.replace_if(former.into_active_model(), as_read);
    }
    let joined = |seen: &Seen<'_>| alert::Model { incident_id: Some(incident), ..seen.row.clone() };
    let own = alerts.iter().filter(|seen| seen.as_read.is_none()).map(joined);
    draft.upsert_many(&own.map(IntoActiveModel::into_active_model).collect::<Vec<_>>());
    for (seen, as_read) in alerts.iter().filter_map(|seen| Some((seen, seen.as_read.clone()?))) {
        draft.replace_if(joined(seen).into_active_model(), as_read);
    }
    if is_news {
        for note in notes {
            draft.record(NewEvent::new(TimelineKind::Alert, note.clone()).details(json!({ "source": call.source })));
        }
    }
}

fn event(now: Timestamp, call: &Alarms, seen: &Seen<'_>, word: Word, alarm: &Alarm) -> NewEvent {
    // Here it is not known as anything less.
    let is_first = word == Word::Raised && (seen.is_new_there || seen.row.incident_id.is_none());
    let word = if is_first { Word::Firing } else { word };
    let title = if word == Word::Ended { &seen.row.title } else { &alarm.title };
    let text = format!("{}: {title}", words(word, alarm.severity));
    let more = if word == Word::Flaps { flapping::announced(&seen.row, now) } else { alarm.description.clone() };
    let by_rule = seen.judgement.words().filter(|_| !matches!(word, Word::Ended | Word::Flaps));
    let text = [Some(text), by_rule, more].into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    let firing = if word == Word::Flaps { seen.row.firing } else { word != Word::Ended };
    let mut details = json!({ "alert": seen.row.id.to_string(), "source": call.source, "firing": firing, "labels": alarm.labels });
    if let Some(rule) = seen.judgement.verdict.rule {
        details["rule"] = json!(rule.name);
    }
    let at = match word {
        Word::Firing | Word::Again => Some(seen.row.starts_at),
        Word::Ended => seen.row.ends_at,
        Word::Raised | Word::Flaps => None,
    };
    NewEvent { occurred_at: at, ..NewEvent::new(TimelineKind::Alert, text).details(details) }
}

/// Whether one of the alerts that reached a level can't wait: its rule says so, or the playbook does of how bad it is, or the incident was
/// `before`. A rule that lets one wait says nothing of the others.
pub(super) fn cannot_wait(ctx: &Ctx, before: Option<Severity>, alerts: &[Seen<'_>], now: Timestamp) -> bool {
    let is_urgent = |level| pages::is_urgent(ctx, flapping::worse(Some(level), before).unwrap_or(level), now);
    let mut reached = alerts.iter().filter_map(|seen| Some((seen.reached?, seen.judgement.verdict.page)));
    reached.any(|(level, page)| page.unwrap_or_else(|| is_urgent(level)))
}

fn words(word: Word, level: Option<Severity>) -> String {
    match (word, level) {
        (Word::Firing, _) | (Word::Raised, None) => "Firing".to_owned(),
        (Word::Again, _) => "Firing again".to_owned(),
        (Word::Raised, Some(level)) => format!("Now {level}"),
        (Word::Ended, _) => "Ended".to_owned(),
        (Word::Flaps, _) => "Flapping".to_owned(),
    }
}

/// Raises the severity to what an alert reached, unless people have seen that alert at that level here and decided; and pages somebody if
/// the incident was less severe, or was thought to be fixed.
pub(super) fn look_up(draft: &mut Draft<'_>, facts: &Staffed, call: &Alarms, alerts: &[Seen<'_>]) {
    let incident = draft.incident();
    let (before, status) = (incident.severity, incident.status);
    if !state::is_running(incident) {
        return;
    }
    let reached = || alerts.iter().filter_map(|seen| Some((seen.reached?, seen)));
    let is_judged = |seen: &Seen<'_>, level| seen.judged.get(&incident.id).is_some_and(|judged| *judged <= level);
    let raises = reached().filter(|(level, seen)| *level < before && !is_judged(seen, *level)).min_by_key(|(level, _)| *level);
    let Some((level, worst)) = raises.or_else(|| reached().min_by_key(|(level, _)| *level)) else { return };
    let title = &worst.alarm.title;
    let why = if raises.is_some() {
        draft.incident_mut().severity = level;
        let reason = format!("{} says that this is {level}: {title}", call.source);
        let details = json!({ "from": before, "to": level, "reason": reason });
        draft.record(NewEvent::new(TimelineKind::SeverityChanged, format!("{before} → {level}: {reason}")).details(details));
        format!("an alert raised this from {before} to {level}: {title}.")
    } else if level < before {
        format!("an alert fires that is {level}, and this is {before}: {title}. Raise the severity if it is right.")
    } else if status == IncidentStatus::Monitoring {
        format!("an alert fires although this was thought to be fixed: {title}.")
    } else if draft.incident().triage_from.is_some() && reached().any(|(_, seen)| seen.judgement.verdict.page == Some(true)) {
        "an alert fires that pages at any hour.".to_owned()
    } else {
        return;
    };
    let now = draft.now;
    if !cannot_wait(draft.ctx(), Some(before), alerts, now) {
        return;
    }
    // It was to wait for the morning.
    draft.incident_mut().triage_from = None;
    let is_recent = |page: &entity::page::Model| page.step_key.is_none() && now - page.paged_at < limits::ALERT_PAGE_PAUSE;
    if raises.is_none() && facts.whole.pages.iter().any(is_recent) {
        return;
    }
    if let Some(person) = pages::in_charge(facts) {
        pages::page(draft, person, PageReason::Reported, None, &why);
    }
}
