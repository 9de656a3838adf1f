//! What follows from a decision, whoever made it.
//!
//! Sealing is the last thing that happens to a draft before it is written: milestones are kept, the problem ticket and the chat follow,
//! the next look of the playbook is set, deliveries whose step is done are cancelled, and what happened is told to endpoints.

use entity::{Flag, IncidentStatus, Severity, Timestamp, incident, page};

use super::{counts, sharing};
use crate::delivery::order;
use crate::incident::state::is_running;
use crate::playbook::Rule;
use crate::playbook::steps::{Case, Step, concerns_leadership, is_breach, is_major, next_look, stands, steps};
use crate::record::{Draft, Light, Scope, Whole, awaited, fields};
use crate::rooms::order as rooms;
use crate::tickets::problem;
use crate::webhooks::order as webhooks;

/// A scope whose drafts the door can seal.
pub trait Seal: Scope {
    /// Sets what follows from the rest of the draft.
    fn seal(draft: &mut Draft<'_, Self>);
}

impl Seal for Light {
    fn seal(draft: &mut Draft<'_, Self>) {
        draft.stamp();
        webhooks::follow(draft);
    }
}

impl Seal for Whole {
    fn seal(draft: &mut Draft<'_, Self>) {
        draft.stamp();
        let (now, first_client) = (draft.now, draft.whole().clients.iter().map(|row| row.since).min());
        let before = &draft.before().incident;
        let after = draft.incident_mut();
        after.live = is_live(after.status);
        keep_milestones(before, after, first_client, now);
        keep_awaited(draft);
        problem::follow(draft);
        rooms::follow(draft);
        let (before, mut after) = (draft.before().case(), draft.whole().case());
        // Whoever waits longest now began to wait at another time: that is another obligation, and needs another key.
        if before.first_client_at.is_some() && after.longest_wait().is_some_and(|at| before.longest_wait() != Some(at)) {
            draft.incident_mut().client_updates += 1;
            after.client_updates += 1;
        }
        draft.incident_mut().next_due_at = next_look(&after, &draft.ctx().playbook(), now);
        counts::keep(draft, &before, &after);
        cancel_what_is_done(draft, &before, &after);
        fields::keep_changes(draft);
        sharing::audit(draft);
        webhooks::follow(draft);
    }
}

fn is_live(status: IncidentStatus) -> bool {
    matches!(status, IncidentStatus::Investigating | IncidentStatus::Fixing | IncidentStatus::Monitoring)
}

/// Stops waiting for those who have answered a page, and for everybody once the roles are others' or nothing is asked for at once.
fn keep_awaited(draft: &mut Draft<'_>) {
    if draft.incident().awaited.is_none() {
        return;
    }
    let before = draft.before();
    let (was, is) = (&before.incident, draft.incident());
    if !is_running(is) || was.live != is.live || was.lead_id != is.lead_id || was.comms_manager_id != is.comms_manager_id {
        draft.incident_mut().awaited = None;
        return;
    }
    let is_new = |page: &&page::Model| {
        page.answered_at.is_some() && before.pages.iter().any(|known| known.id == page.id && known.answered_at.is_none())
    };
    let answered: Vec<page::Model> = draft.whole().pages.iter().filter(is_new).cloned().collect();
    for page in answered {
        awaited::reacted(draft.incident_mut(), page.person_id);
        let rule = page.step_key.as_deref().and_then(Rule::of_key);
        if matches!(rule, Some(Rule::NoReaction | Rule::NoReactionFallback)) {
            awaited::stands_in(draft.incident_mut(), page.person_id, page.paged_at);
        }
    }
}

/// Keeps since when something has been so. `first_client` is when the first of the clients that are affected now was marked.
fn keep_milestones(before: &incident::Model, after: &mut incident::Model, first_client: Option<Timestamp>, now: Timestamp) {
    let raised = |row: &incident::Model| row.declared_at.is_some() && is_major(row.severity);
    if raised(after) && !raised(before) {
        after.raised += 1;
        after.raised_at = Some(now);
    }
    let concerns = |row: &incident::Model| row.declared_at.is_some() && concerns_leadership(row.severity, row.flags);
    if concerns(after) && !concerns(before) {
        after.leadership_since = Some(now);
    }
    if is_breach(after.flags) {
        after.breach_since = after.breach_since.or(Some(now));
    }
    keep_causes(before, after, now);
    let was_over = matches!(before.status, IncidentStatus::Resolved | IncidentStatus::Closed | IncidentStatus::Declined);
    if was_over && is_running(after) {
        after.reopened_at = Some(now);
    }
    after.first_client_at = after.first_client_at.or(first_client);
}

/// Keeps since when each reason to tell the leadership first held, for incidents in which it began to under our eyes.
fn keep_causes(before: &incident::Model, after: &mut incident::Model, now: Timestamp) {
    let began = |holds: fn(&incident::Model) -> bool| {
        let declared = |row: &incident::Model| row.declared_at.is_some() && holds(row);
        declared(after) && !declared(before)
    };
    let critical = began(|row| row.severity == Severity::Critical);
    let security = began(|row| row.flags.contains(Flag::SecurityBreach));
    let data = began(|row| row.flags.contains(Flag::DataBreach));
    for (began, since) in
        [(critical, &mut after.critical_since), (security, &mut after.security_breach_since), (data, &mut after.data_breach_since)]
    {
        if began {
            *since = since.or(Some(now));
        }
    }
}

/// What was sent because of a step that is no longer asked for need not arrive.
fn cancel_what_is_done(draft: &mut Draft<'_>, before: &Case, after: &Case) {
    let told: Vec<&String> = before.marks.iter().filter(|(_, mark)| mark.due_reminded_at.is_some()).map(|(key, _)| key).collect();
    if told.is_empty() && before.pages.is_empty() {
        return;
    }
    let playbook = draft.ctx().playbook();
    let (asked, asks) = (steps(before, &playbook, draft.now), steps(after, &playbook, draft.now));
    let pages = |steps: &[Step]| steps.iter().any(|step| step.rule == Rule::Page);
    if pages(&asked) && !pages(&asks) {
        order::cancel_pages(draft);
    }
    let (open, over): (Vec<String>, Vec<String>) = told.into_iter().cloned().partition(|key| stands(key, &asks));
    let done: Vec<String> = over.into_iter().filter(|key| stands(key, &asked)).collect();
    order::cancel_for_steps(draft, &done, &open);
}
