//! The playbook's steps in an incident as people see them: the list, and how a step is settled.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Duration;
use entity::{ClientId, IncidentId, PersonId, TimelineKind, Timestamp, incident, step};
use serde_json::json;

use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::asked::{Asked, asked};
use crate::incident::marks::{self, Settlement};
use crate::playbook::steps::{self, Step};
use crate::playbook::{Playbook, Rule};
use crate::record::{NewEvent, Whole};
use crate::{limits, validate};

/// A step as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Identifies the obligation permanently.
    pub key: String,
    /// The rule it comes from; `None` for a rule that no longer exists.
    pub rule: Option<Rule>,
    /// What to do.
    pub title: String,
    /// Why.
    pub why: String,
    /// Whose it is.
    pub audience: &'static [entity::Role],
    /// Who does it, if that is one person.
    pub assignee: Option<PersonId>,
    /// The clients it is about.
    pub clients: Vec<ClientId>,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it is overdue, as long as it is open.
    pub overdue_at: Option<Timestamp>,
    /// Its state.
    pub state: StepState,
    /// When people were last reminded of it.
    pub reminded_at: Option<Timestamp>,
    /// Until when people are left alone with it, as they asked.
    pub snoozed_until: Option<Timestamp>,
    /// Who settled it.
    pub settled_by: Option<PersonId>,
    /// The decision, or why it was skipped.
    pub settlement: Option<String>,
    /// For scheduling the review: a possible time.
    pub proposed_at: Option<Timestamp>,
}

/// The state of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// To be done.
    Open(steps::Stage),
    /// Done, or settled by a decision.
    Done,
    /// Skipped.
    Waived,
}

/// The steps of incidents that the caller has seen, the most urgent first. With `settled`, also those that people were reminded of and
/// that are done or settled.
pub async fn steps_of(ctx: &Ctx, incidents: &[Arc<incident::Model>], settled: bool) -> Result<HashMap<IncidentId, Vec<Listed>>> {
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let asked = asked(ctx, incidents).await?;
    Ok(asked.iter().map(|(id, asked)| (*id, list(asked, &playbook, now, settled))).collect())
}

fn list(asked: &Asked, playbook: &Playbook, now: Timestamp, settled: bool) -> Vec<Listed> {
    let open = steps::steps(&asked.case, playbook, now);
    let over = asked.steps.iter().filter(|row| settled && !open.iter().any(|step| step.key == row.key));
    let over = over.map(|row| listed_over(row, asked, playbook)).collect::<Vec<_>>();
    open.into_iter().map(|step| listed_open(step, asked)).chain(over).collect()
}

fn listed_open(step: Step, asked: &Asked) -> Listed {
    let row = asked.steps.iter().find(|row| row.key == step.key && step.is_meant(row.due_at));
    let holder = |role: &entity::Role| asked.holders.iter().rfind(|(held, _)| held == role).map(|(_, person)| *person);
    Listed {
        rule: Some(step.rule),
        assignee: step.person.or_else(|| step.audience.iter().find_map(holder)),
        reminded_at: row.and_then(reminded_at),
        snoozed_until: row.and_then(|row| row.snoozed_until),
        settled_by: None,
        settlement: None,
        state: StepState::Open(step.state),
        key: step.key,
        title: step.title,
        why: step.why,
        audience: step.audience,
        clients: step.clients,
        due_at: step.due_at,
        overdue_at: Some(step.overdue_at),
        proposed_at: step.proposed_at,
    }
}

fn listed_over(row: &step::Model, asked: &Asked, playbook: &Playbook) -> Listed {
    let rule = Rule::of_key(&row.key);
    let text = rule.map(|rule| playbook.text(rule, &row.key)).unwrap_or_default();
    let follow_up = asked.follow_ups.iter().find(|(id, _)| row.key.ends_with(&id.to_string()));
    Listed {
        key: row.key.clone(),
        rule,
        title: follow_up.map_or_else(|| text.title.clone(), |(_, title)| steps::about(&text.title, title)),
        why: text.why,
        audience: &[],
        assignee: None,
        clients: Vec::new(),
        due_at: row.due_at,
        overdue_at: None,
        state: if row.waived { StepState::Waived } else { StepState::Done },
        reminded_at: reminded_at(row),
        snoozed_until: None,
        settled_by: row.settled_by_id,
        settlement: row.note.clone(),
        proposed_at: None,
    }
}

fn reminded_at(row: &step::Model) -> Option<Timestamp> {
    row.overdue_reminded_at.or(row.due_reminded_at)
}

/// Settles a step: by a decision, or by skipping it.
///
/// # Errors
/// `BAD_USER_INPUT` for a key that is not among the open steps, or if a required note is missing; `FORBIDDEN`, `NOT_FOUND`;
/// `FAILED_PRECONDITION` for a step that another mutation does.
pub async fn settle_step(ctx: &Ctx, id: IncidentId, key: &str, waive: bool, note: Option<&str>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", note)?;
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        let steps = draft.steps();
        let Some(step) = steps.iter().find(|step| step.key == key) else {
            // Settling it twice is the same as once.
            if facts.steps.iter().any(|row| row.key == key && row.settled_at.is_some()) {
                return Ok(());
            }
            return Err(Error::invalid("key", unknown(&steps)));
        };
        if let Some(mutation) = step.rule.done_by().filter(|_| !waive) {
            let reason = format!("“{}” is done with {mutation}. To skip it, set waive and say why in note.", step.title);
            return Err(Error::FailedPrecondition { reason, missing: vec![mutation.to_owned()] });
        }
        let Some(note) = note.clone().or_else(|| (!waive && !step.rule.needs_note()).then(String::new)) else {
            return Err(Error::invalid("note", "note is required: say what was decided and why, for anyone who asks tomorrow."));
        };
        let verb = if waive { "Skipped" } else { "Done" };
        let text = if note.is_empty() { format!("{verb}: {}", step.title) } else { format!("{verb}: {}: {note}", step.title) };
        let details = json!({ "step": key, "rule": step.rule.as_str(), "waived": waive, "dueAt": step.due_at });
        draft.record(NewEvent::new(TimelineKind::StepSettled, text).details(details));
        marks::settle(draft, key, Settlement { by: draft.actor(), waived: waive, note: Some(note).filter(|note| !note.is_empty()) });
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Puts the reminders of a step off: it stays due, and the timeline says why. One that was put off can be put off again.
///
/// # Errors
/// `BAD_USER_INPUT` for a key that is not among the open steps, for other times than [`limits::SNOOZE_MINUTES`], or without a reason;
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for a step that nobody was reminded of yet.
pub async fn snooze_step(ctx: &Ctx, id: IncidentId, key: &str, minutes: i64, reason: &str) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let reason = validate::text("note", reason)?;
    if !limits::SNOOZE_MINUTES.contains(&minutes) {
        let known = limits::SNOOZE_MINUTES.map(|minutes| minutes.to_string()).join(", ");
        return Err(Error::invalid("minutes", format!("minutes must be one of {known}.")));
    }
    let playbook = ctx.playbook();
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        let steps = draft.steps();
        let step = steps.iter().find(|step| step.key == key).ok_or_else(|| Error::invalid("key", unknown(&steps)))?;
        let is_told = |row: &step::Model| row.key == key && step.is_meant(row.due_at) && reminded_at(row).is_some();
        // What Muster does itself must have been done or have failed before anybody can put it off.
        if !facts.steps.iter().any(is_told) {
            return Err(Error::precondition(format!("Nobody was reminded of “{}” yet, so there is nothing to put off.", step.title)));
        }
        let until = draft.now + Duration::minutes(minutes);
        marks::mark(draft, step, |row, _| row.snoozed_until = Some(until));
        let text = format!("Not now: {} (again {}): {reason}", step.title, playbook.local(until));
        let details = json!({ "step": key, "rule": step.rule.as_str(), "snoozedUntil": until });
        draft.record(NewEvent::new(TimelineKind::Note, text).details(details));
        Ok(())
    });
    Ok(changed.await?.incident)
}

fn unknown(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "This incident has no open steps right now.".into();
    }
    let keys: Vec<&str> = steps.iter().map(|step| step.key.as_str()).collect();
    format!("This is not an open step of the incident. The open steps are {}.", keys.join(", "))
}
