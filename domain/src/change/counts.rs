//! What insights count of an incident, kept in its row as it happens.
//!
//! Whether a summary or an update to clients came in time is judged when it comes, by the playbook in force: another playbook later, or a
//! worker that was down, does not change what was asked of people then.

use entity::{Flag, PageReason, Role, Timestamp};

use crate::playbook::Rule;
use crate::playbook::steps::{Case, Stage, steps};
use crate::record::Draft;

/// Keeps them, of an incident that goes from `before` to `after`.
pub(super) fn keep(draft: &mut Draft<'_>, before: &Case, after: &Case) {
    keep_firsts(draft);
    if before.declared_at.is_none() && after.declared_at.is_some() && !after.flags.contains(Flag::Retrospective) {
        let incident = draft.incident_mut();
        for count in [
            &mut incident.summaries_in_time,
            &mut incident.summaries_late,
            &mut incident.client_updates_in_time,
            &mut incident.client_updates_late,
        ] {
            *count = Some(0);
        }
    }
    keep_rhythm(draft, before, after);
}

/// Keeps when somebody first led, and when second line was first paged.
fn keep_firsts(draft: &mut Draft<'_>) {
    let whole = draft.whole();
    let Some(declared) = whole.incident.declared_at else { return };
    let leads = whole.roles.iter().filter(|row| row.role == Role::IncidentLead && row.ended_at.is_none_or(|at| at >= declared));
    let led = leads.map(|row| row.assigned_at.max(declared)).min();
    let calls = whole.pages.iter().filter(|row| row.reason == PageReason::Escalated && row.paged_at >= declared);
    let called = calls.map(|row| row.paged_at).min();
    let incident = draft.incident_mut();
    incident.led_at = incident.led_at.or(led);
    incident.second_line_at = incident.second_line_at.or(called);
}

/// Counts what was posted, and what was due and can't come any more.
fn keep_rhythm(draft: &mut Draft<'_>, before: &Case, after: &Case) {
    let (was, now) = (&draft.before().incident, draft.now);
    let is = draft.incident();
    let (posted, told) = (is.updates > was.updates, is.last_client_update_at != was.last_client_update_at);
    let (ended, moved) = (!is.live, before.longest_wait() != after.longest_wait());
    if !was.live || !(posted || ended || moved) {
        return;
    }
    let playbook = draft.ctx().playbook();
    let was_due = |rule: Rule, at: Timestamp| {
        let asked = steps(before, &playbook, at);
        asked.iter().any(|step| step.rule == rule && step.state != Stage::Upcoming)
    };
    // What was said earlier than it was written down was said then.
    let said = is.last_update_at.filter(|_| posted).unwrap_or(now);
    let summary = (posted || ended).then(|| was_due(Rule::Summary, said));
    let update = (moved || ended).then(|| was_due(Rule::ClientUpdate, now));
    let incident = draft.incident_mut();
    count(&mut incident.summaries_in_time, &mut incident.summaries_late, posted, summary);
    count(&mut incident.client_updates_in_time, &mut incident.client_updates_late, told && moved, update);
}

/// Counts one that came, or was due and did not.
fn count(in_time: &mut Option<i32>, late: &mut Option<i32>, came: bool, was_due: Option<bool>) {
    match was_due {
        Some(true) => *late = late.map(|count| count + 1),
        Some(false) if came => *in_time = in_time.map(|count| count + 1),
        Some(false) | None => {}
    }
}
