//! Resolved, reopened, closed (R24).

use entity::{IncidentField, IncidentId, TimelineKind, incident};
use serde_json::json;

use super::state::{Move, advance};
use crate::authz::Right;
use crate::change::{Expected, change};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::filing::order as filing;
use crate::incident::response::take_back;
use crate::playbook::steps::Step;
use crate::record::{NewEvent, Whole};
use crate::report::begin;
use crate::validate;

/// What each of these sets; with a version that is expected, it is a `CONFLICT` if somebody else set it since.
const STATUS: &[IncidentField] = &[IncidentField::Status];

/// Resolves an incident: service is back (R24). All goals must be met.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION`, listing the goals that are missing.
pub async fn resolve(ctx: &Ctx, id: IncidentId, summary: &str, expected_version: Option<i32>) -> Result<incident::Model> {
    let summary = validate::text("summary", summary)?;
    let playbook = ctx.playbook();
    let expected = Expected::of(expected_version, STATUS);
    let changed = change::<Whole, _>(ctx, id, Right::Respond, expected, |facts, draft| {
        advance(draft, Move::Resolve)?;
        let met = |key: &str| facts.goals.iter().any(|goal| goal.goal == key && goal.met_at.is_some());
        let missing: Vec<String> = playbook.goals.iter().filter(|goal| !met(&goal.key)).map(|goal| goal.key.clone()).collect();
        if !missing.is_empty() {
            let reason = format!("Not all goals are met: confirm {} first, with the evidence.", missing.join(", "));
            return Err(Error::FailedPrecondition { reason, missing });
        }
        draft.incident_mut().resolved_at = Some(draft.now);
        draft.incident_mut().impact_ended_at = draft.incident().impact_ended_at.or(Some(draft.now));
        draft.record(NewEvent::new(TimelineKind::Resolved, summary.clone()));
        begin::when_resolved(draft);
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Reopens an incident that was not over after all. History stays; the goals must be confirmed again.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` from a status that can't be reopened.
pub async fn reopen(ctx: &Ctx, id: IncidentId, reason: &str, expected_version: Option<i32>) -> Result<incident::Model> {
    let reason = validate::text("reason", reason)?;
    let expected = Expected::of(expected_version, STATUS);
    let changed = change::<Whole, _>(ctx, id, Right::Respond, expected, |facts, draft| {
        let from = facts.incident.status;
        advance(draft, Move::Reopen)?;
        draft.incident_mut().resolved_at = None;
        draft.incident_mut().closed_at = None;
        draft.incident_mut().impact_ended_at = None;
        draft.record(NewEvent::new(TimelineKind::Reopened, reason.clone()).details(json!({ "from": from })));
        for goal in facts.goals.iter().filter(|goal| goal.met_at.is_some()) {
            take_back(draft, goal);
        }
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Closes an incident: all follow-up work is done. As long as a report or a review is owed, `note` must say why it is closed without.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is not resolved, or with the keys of the steps that are owed.
pub async fn close(ctx: &Ctx, id: IncidentId, note: Option<&str>, expected_version: Option<i32>) -> Result<incident::Model> {
    let note = validate::optional_text("note", note)?;
    let expected = Expected::of(expected_version, STATUS);
    let changed = change::<Whole, _>(ctx, id, Right::Respond, expected, |_, draft| {
        let owed: Vec<Step> = draft.steps().into_iter().filter(|step| step.rule.is_owed_before_closing()).collect();
        advance(draft, Move::Close)?;
        if !owed.is_empty() && note.is_none() {
            let titles: Vec<&str> = owed.iter().map(|step| step.title.as_str()).collect();
            let reason = format!("A report and a review are still owed: {}. To close without them, say why in note.", titles.join("; "));
            return Err(Error::FailedPrecondition { reason, missing: owed.into_iter().map(|step| step.key).collect() });
        }
        draft.incident_mut().closed_at = Some(draft.now);
        draft.record(NewEvent::new(TimelineKind::Closed, note.clone().unwrap_or_else(|| "Closed".into())));
        filing::follow(draft);
        Ok(())
    });
    Ok(changed.await?.incident)
}
