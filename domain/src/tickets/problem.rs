//! The problem ticket, which follows from the incident (R20).
//!
//! Nobody asks for it: the door calls [`follow`] for each decision, so every way to declare, resolve, reopen or merge has it.

use entity::{IncidentStatus, Operation, System, TicketLink, Visibility, incident, ticket};

use crate::config::WhenProblem;
use crate::ctx::Ctx;
use crate::delivery::order::New;
use crate::incident::reference::{link, reference};
use crate::ports::{ProblemStatus, ProblemTicket};
use crate::record::Draft;
use crate::words;

/// Keeps the problem ticket in step with what the draft changes in the incident.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let problem = draft.whole().tickets.iter().find(|row| row.parent).cloned();
    if let Some(problem) = problem {
        let (was, is) = (solved(draft.ctx(), &draft.before().incident), solved(draft.ctx(), draft.incident()));
        if was != is {
            keep_status(draft, &problem);
        }
    } else if draft.incident().problem_ordered_at.is_none() && is_problem_wanted(draft) {
        draft.incident_mut().problem_ordered_at = Some(draft.now);
        let effect = problem_of(draft.ctx(), draft.incident());
        draft.send(New::of(Operation::ParentTicket, effect));
    }
}

pub(crate) fn is_problem_wanted(draft: &Draft<'_>) -> bool {
    let (incident, config) = (draft.incident(), &draft.ctx().config);
    if !incident.live {
        return false;
    }
    let whole = draft.whole();
    let is_linked = whole.tickets.iter().any(|row| row.link == TicketLink::Linked);
    let is_needed = is_linked || !whole.clients.is_empty();
    // If a person would have to create it, or the incident is restricted, it is created only when it is needed.
    let is_automatic = config.tickets.problem == WhenProblem::Declared
        && config.systems.contains(&System::Zendesk)
        && incident.visibility == Visibility::Open;
    is_needed || is_automatic
}

pub(crate) fn problem_of(ctx: &Ctx, incident: &incident::Model) -> ProblemTicket {
    let reference = reference(incident);
    let follow = format!("Follow it at {}", link(ctx, incident));
    let is_open = incident.visibility == Visibility::Open;
    ProblemTicket {
        key: incident.id.to_string(),
        subject: if is_open { format!("{reference}: {}", incident.name) } else { reference.clone() },
        text: match incident.summary.as_deref().filter(|_| is_open) {
            Some(summary) => format!("{reference} was declared: {summary}\n\n{follow}"),
            None => format!("{reference} was declared.\n\n{follow}"),
        },
        severity: incident.severity,
    }
}

/// Whether the problem ticket should be solved.
pub(crate) fn solved(ctx: &Ctx, incident: &incident::Model) -> bool {
    ctx.config.tickets.solve && matches!(incident.status, IncidentStatus::Resolved | IncidentStatus::Closed | IncidentStatus::Merged)
}

pub(crate) fn keep_status(draft: &mut Draft<'_>, problem: &ticket::Model) {
    let effect = status_of(draft.ctx(), draft.incident(), &problem.external_id);
    draft.send(New { ticket: Some(problem.id), ..New::of(Operation::ParentTicket, effect) });
}

pub(crate) fn status_of(ctx: &Ctx, incident: &incident::Model, ticket: &str) -> ProblemStatus {
    let solved = solved(ctx, incident);
    let state = words::status(incident.status);
    // Tickets move to the problem ticket of the other incident, and must not be solved on their way.
    let alone = incident.status == IncidentStatus::Merged;
    ProblemStatus { ticket: ticket.to_owned(), solved, text: format!("{} is {state}. {}", reference(incident), link(ctx, incident)), alone }
}
