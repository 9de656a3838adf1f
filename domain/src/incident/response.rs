//! What people do while an incident lasts: severity, status, goals, affected clients, actions.

use entity::{
    ActionId, ActionState, ClientId, IncidentField, IncidentId, IncidentStatus, PersonId, Severity, TimelineKind, action, checklist_item,
    goal, incident, incident_client,
};
use sea_orm::IntoActiveModel;
use serde_json::json;

use super::state;
use crate::authz::Right;
use crate::change::{Expected, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::writes::{affect, record_client};
use crate::playbook::steps::is_breach;
use crate::playbook::{ChecklistItem, Goal};
use crate::record::{Draft, Light, NewEvent, Whole};
use crate::{catalogue, people, sql, validate};

/// Raises or lowers the severity; the reason is recorded on the timeline (R9).
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident; `CONFLICT` if somebody else changed it after
/// `expected_version`.
pub async fn change_severity(
    ctx: &Ctx,
    id: IncidentId,
    severity: Severity,
    reason: &str,
    expected_version: Option<i32>,
) -> Result<incident::Model> {
    let reason = validate::text("reason", reason)?;
    let expected = Expected::of(expected_version, &[IncidentField::Severity]);
    let changed = change::<Whole, _>(ctx, id, Right::Respond, expected, |facts, draft| {
        state::require_open_timeline(&facts.incident)?;
        let from = facts.incident.severity;
        if from == severity {
            return Ok(());
        }
        draft.incident_mut().severity = severity;
        let text = format!("{from} → {severity}: {reason}");
        draft.record(NewEvent::new(TimelineKind::SeverityChanged, text).details(json!({ "from": from, "to": severity, "reason": reason })));
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Moves to another live status.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is not live; `CONFLICT` if somebody else changed it after
/// `expected_version`.
pub async fn change_status(
    ctx: &Ctx,
    id: IncidentId,
    status: IncidentStatus,
    note: Option<&str>,
    expected_version: Option<i32>,
) -> Result<incident::Model> {
    let note = validate::optional_text("note", note)?;
    let expected = Expected::of(expected_version, &[IncidentField::Status]);
    let changed = change::<Whole, _>(ctx, id, Right::Respond, expected, |_, draft| state::move_live(draft, status, note.as_deref()));
    Ok(changed.await?.incident)
}

/// Input of [`confirm_goal`].
pub struct ConfirmGoal {
    /// The incident.
    pub incident_id: IncidentId,
    /// The goal's key.
    pub goal: String,
    /// How we know.
    pub evidence: String,
    /// Whether it is met; `false` takes an earlier confirmation back.
    pub met: bool,
    /// Checklist items that are done, in addition to those already ticked.
    pub checklist_done: Option<Vec<String>>,
}

/// Confirms that a goal is met, with the evidence, or takes that back (R15). After a breach, the goal's checklist must be
/// complete.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is not live, or with the list of missing items.
pub async fn confirm_goal(ctx: &Ctx, input: ConfirmGoal) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let evidence = validate::text("evidence", &input.evidence)?;
    let playbook = ctx.playbook();
    let Some(wanted) = playbook.goal(&input.goal) else {
        let keys: Vec<&str> = playbook.goals.iter().map(|goal| goal.key.as_str()).collect();
        return Err(Error::invalid("goal", format!("There is no such goal. The playbook has {}.", keys.join(", "))));
    };
    let ticked = input.checklist_done.unwrap_or_default();
    if let Some(unknown) = ticked.iter().find(|key| !wanted.breach_checklist.iter().any(|item| item.key == **key)) {
        let shown: String = unknown.chars().take(50).collect();
        return Err(Error::invalid("checklistDone", format!("The checklist of {} has no item {shown}.", wanted.key)));
    }
    let changed = change::<Whole, _>(ctx, input.incident_id, Right::Respond, None, |facts, draft| {
        state::require_live(&facts.incident)?;
        let newly = tick(draft, facts, wanted, &ticked, &evidence);
        let row = facts.goals.iter().find(|row| row.goal == wanted.key && row.met_at.is_some());
        if !input.met {
            if let Some(row) = row {
                take_back_because(draft, row, &evidence);
            }
            if !newly.is_empty() {
                record_ticked(draft, wanted, &newly, &evidence);
            }
            return Ok(());
        }
        let breach = is_breach(facts.incident.flags);
        let done = |key: &str| {
            ticked.iter().any(|item| item == key) || facts.checklist.iter().any(|row| row.goal == wanted.key && row.item == key)
        };
        let missing: Vec<String> =
            wanted.breach_checklist.iter().filter(|item| breach && !done(&item.key)).map(|item| item.key.clone()).collect();
        if !missing.is_empty() {
            let reason = format!("After a breach, {} needs its whole checklist. Still missing: {}.", wanted.key, missing.join(", "));
            return Err(Error::FailedPrecondition { reason, missing });
        }
        if row.is_some_and(|row| row.evidence.as_deref() == Some(&*evidence)) {
            if !newly.is_empty() {
                record_ticked(draft, wanted, &newly, &evidence);
            }
            return Ok(());
        }
        draft.put::<goal::Entity>(goal::Model {
            incident_id: draft.incident().id,
            goal: wanted.key.clone(),
            met_at: Some(draft.now),
            met_by_id: ctx.actor.person_id(),
            evidence: Some(evidence.clone()),
        });
        let text = format!("{}: {evidence}", wanted.title);
        draft.record(
            NewEvent::new(TimelineKind::GoalChanged, text).details(json!({ "goal": wanted.key, "met": true, "checklistDone": ticked })),
        );
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Ticks items, each once, and returns those that were not ticked before.
fn tick<'a>(draft: &mut Draft<'_>, facts: &Whole, goal: &'a Goal, items: &[String], evidence: &str) -> Vec<&'a ChecklistItem> {
    let who = draft.actor();
    let known = |item: &str| facts.checklist.iter().any(|row| row.goal == goal.key && row.item == item);
    let newly: Vec<_> = goal.breach_checklist.iter().filter(|item| items.contains(&item.key) && !known(&item.key)).collect();
    for item in &newly {
        draft.put::<checklist_item::Entity>(checklist_item::Model {
            incident_id: facts.incident.id,
            goal: goal.key.clone(),
            item: item.key.clone(),
            done_at: draft.now,
            done_by_id: who,
            evidence: Some(evidence.to_owned()),
        });
    }
    newly
}

/// Records items that were ticked without the goal being met by it.
fn record_ticked(draft: &mut Draft<'_>, goal: &Goal, items: &[&ChecklistItem], evidence: &str) {
    let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
    let details = json!({ "goal": goal.key, "checklistDone": keys, "evidence": evidence });
    draft.record(NewEvent::new(TimelineKind::GoalChanged, format!("{}: {evidence}", texts.join("; "))).details(details));
}

/// Writes into the draft that a goal is no longer met because the incident was reopened.
pub(super) fn take_back(draft: &mut Draft<'_>, row: &goal::Model) {
    take_back_because(draft, row, "reopened");
}

fn take_back_because(draft: &mut Draft<'_>, row: &goal::Model, why: &str) {
    draft.put::<goal::Entity>(goal::Model { met_at: None, met_by_id: None, evidence: None, ..row.clone() });
    let text = format!("No longer met: {} ({why})", row.goal);
    draft.record(NewEvent::new(TimelineKind::GoalChanged, text).details(json!({ "goal": row.goal, "met": false })));
}

/// Marks a client as affected, or as no longer affected (R12, R21).
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
pub async fn mark_client_affected(
    ctx: &Ctx,
    id: IncidentId,
    client: ClientId,
    affected: bool,
    note: Option<&str>,
) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let note = validate::optional_text("note", note)?;
    let client = catalogue::find_client(ctx, client).await?;
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        state::require_open_timeline(&facts.incident)?;
        if affected {
            affect(draft, &client, note.as_deref());
        } else if let Some(row) = facts.clients.iter().find(|row| row.client_id == client.id) {
            draft.remove::<incident_client::Entity>(row);
            record_client(draft, &client, false, note.as_deref());
        }
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Adds an action for as long as the incident lasts (R17).
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
pub async fn add_action(ctx: &Ctx, id: IncidentId, title: &str, assignee: Option<PersonId>) -> Result<(action::Model, incident::Model)> {
    ctx.require(Right::Respond)?;
    let title = validate::name("title", title)?;
    let assignee = match assignee {
        Some(assignee) => Some(people::able_to_respond(ctx, "assigneeId", assignee).await?),
        None => None,
    };
    let changed = change::<Light, _>(ctx, id, Right::Respond, None, |incident, draft| {
        state::require_open_timeline(incident)?;
        let row = action::Model {
            id: ActionId(draft.id()),
            incident_id: id,
            title: title.clone(),
            assignee_id: assignee.as_ref().map(|person| person.id),
            state: ActionState::Open,
            created_at: draft.now,
            settled_at: None,
        };
        let text = match &assignee {
            Some(person) => format!("To do: {title} ({})", person.name),
            None => format!("To do: {title}"),
        };
        draft.insert(row.clone().into_active_model());
        draft.record(NewEvent::new(TimelineKind::Action, text).details(json!({ "action": row.id.to_string(), "state": row.state })));
        Ok(row)
    });
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

/// Says that an action is done, dropped, or open again.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`.
pub async fn settle_action(ctx: &Ctx, id: ActionId, to: ActionState) -> Result<(action::Model, incident::Model)> {
    ctx.require(Right::Respond)?;
    let incident = find_action(ctx, id).await?.incident_id;
    let changed = change::<Whole, _>(ctx, incident, Right::Respond, None, |facts, draft| {
        let row = facts.actions.iter().find(|row| row.id == id).ok_or(Error::NotFound("action"))?;
        if row.state == to {
            return Ok(row.clone());
        }
        let settled_at = (to != ActionState::Open).then_some(draft.now);
        let settled = action::Model { state: to, settled_at, ..row.clone() };
        draft.put::<action::Entity>(settled.clone());
        let verb = match to {
            ActionState::Open => "To do again",
            ActionState::Done => "Done",
            ActionState::Dropped => "Dropped",
        };
        let details = json!({ "action": id.to_string(), "from": row.state, "state": to });
        draft.record(NewEvent::new(TimelineKind::Action, format!("{verb}: {}", row.title)).details(details));
        Ok(settled)
    });
    let changed = changed.await?;
    Ok((changed.output, changed.incident))
}

/// The action `id`.
///
/// # Errors
/// `NOT_FOUND`, also for actions of incidents that the caller may not see.
pub async fn find_action(ctx: &Ctx, id: ActionId) -> Result<action::Model> {
    sql::find_seen::<action::Entity>(ctx, id).await
}

/// The actions among `ids` that exist and that the caller may see.
pub async fn actions_by_ids(ctx: &Ctx, ids: &[ActionId]) -> Result<Vec<action::Model>> {
    sql::seen_by_ids::<action::Entity>(ctx, ids).await
}
