//! An incident at a glance.

use entity::{IncidentStatus, incident};

use super::answer::Answer;
use super::asked::{Asked, Names};
use super::phrases::headline;
use super::steps::open_steps;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::{began, link};
use crate::timeline::redactions::shown;
use crate::{timeline, words};

/// Shows the incident.
pub(super) async fn show(asked: &Asked<'_>) -> Result<Answer> {
    let incident = asked.incident()?;
    Ok(Answer::quiet(text(asked.ctx, incident).await?).about(incident))
}

/// What it is, how bad, how it stands, who leads, what was said last, and what comes next.
async fn text(ctx: &Ctx, incident: &incident::Model) -> Result<String> {
    let playbook = ctx.playbook();
    let mut lines = vec![headline(incident), standing(ctx, incident)];
    lines.extend(incident.summary.clone());
    let roles = [("Lead", incident.lead_id), ("Client comms", incident.comms_manager_id)];
    let people: Vec<_> = roles.iter().filter_map(|(_, person)| *person).collect();
    let names = Names::load(ctx, &people).await?;
    lines.push(roles.map(|(role, person)| format!("{role}: {}.", person.map_or("nobody", |person| names.of(person)))).join(" "));
    if let Some(update) = timeline::latest_update(ctx, incident).await? {
        lines.push(format!("Latest update, {}: {}", playbook.local(update.occurred_at), shown(&update)));
    }
    if let Some(first) = open_steps(ctx, incident).await?.first() {
        lines.push(format!("Next: {first}"));
    }
    lines.push(link(ctx, incident));
    Ok(lines.join("\n"))
}

/// Severity, status, what is special about it, and since when.
fn standing(ctx: &Ctx, incident: &incident::Model) -> String {
    let judged = (incident.status != IncidentStatus::Triage).then(|| words::severity(incident.severity));
    let parts = judged.into_iter().chain([words::status(incident.status)]).chain(words::urgent_flags(incident.flags));
    let known: Vec<&str> = parts.collect();
    format!("{}, since {}.", words::sentence(&known.join(", ")), ctx.playbook().local(began(incident)))
}
