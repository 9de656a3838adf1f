//! Clients' tickets about an incident, and the problem ticket that they are linked to (R20).
//!
//! The problem ticket is derived from the incident, so nobody has to ask for it: the door calls [`follow`] after each decision. A client's
//! ticket is linked by a person ([`link`]), or links itself if it is an emergency ticket ([`news`]); the link is made at the ticket system
//! as soon as both ends exist.

mod links;
mod mention;
pub mod news;
mod query;

use entity::{IncidentStatus, Operation, System, TicketId, TicketLink, TimelineKind, Visibility, client, delivery, incident, ticket};
use sea_orm::EntityTrait;
use serde_json::json;

use crate::change::{Draft, NewEvent, Whole};
use crate::config::WhenProblem;
use crate::ctx::Ctx;
use crate::delivery::New;
use crate::error::Result;
use crate::incident::reference;
use crate::ports::{Effect, LinkTicket, Problem, ProblemStatus, Receipt, Seen, SeenTicket};
use crate::words;

pub(crate) use links::{CLOSED, is_link_wanted, take_over};
pub use links::{Link, NewComment, comment, link, unlink};
pub use query::{Found, find, of_incidents, search, suggestions};

/// The recipient of a reply on a ticket whose client is unknown.
pub(crate) const WHOEVER_ASKED: &str = "the requester";

/// Keeps the problem ticket in step with what the draft changes in the incident.
pub(crate) fn follow(draft: &mut Draft<'_>) {
    let Some(whole) = draft.whole() else { return };
    let problem = whole.tickets.iter().find(|row| row.parent).cloned();
    if let Some(problem) = problem {
        let (was, is) = (solved(draft.ctx(), draft.before()), solved(draft.ctx(), &draft.incident));
        if was != is {
            keep_status(draft, &problem);
        }
    } else if draft.incident.problem_ordered_at.is_none() && is_problem_wanted(draft) {
        draft.incident.problem_ordered_at = Some(draft.now);
        let effect = Effect::OpenProblem(problem_of(draft.ctx(), &draft.incident));
        draft.send(New::of(Operation::ParentTicket, effect));
    }
}

fn is_problem_wanted(draft: &Draft<'_>) -> bool {
    let (incident, config) = (&draft.incident, &draft.ctx().config);
    if !incident.live {
        return false;
    }
    let is_needed = draft.whole().is_some_and(|whole| {
        let is_linked = whole.tickets.iter().any(|row| row.link == TicketLink::Linked);
        is_linked || !whole.clients.is_empty()
    });
    // If a person would have to create it, or the incident is restricted, it is created only when it is needed.
    let is_automatic = config.tickets.problem == WhenProblem::Declared
        && config.systems.contains(&System::Zendesk)
        && incident.visibility == Visibility::Open;
    is_needed || is_automatic
}

fn problem_of(ctx: &Ctx, incident: &incident::Model) -> Problem {
    let reference = reference(incident);
    let follow = format!("Follow it at {}", crate::incident::link(ctx, incident));
    let is_open = incident.visibility == Visibility::Open;
    Problem {
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
fn solved(ctx: &Ctx, incident: &incident::Model) -> bool {
    ctx.config.tickets.solve && matches!(incident.status, IncidentStatus::Resolved | IncidentStatus::Closed)
}

fn keep_status(draft: &mut Draft<'_>, problem: &ticket::Model) {
    let effect = Effect::ProblemStatus(status_of(draft.ctx(), &draft.incident, &problem.external_id));
    draft.send(New { ticket: Some(problem.id), ..New::of(Operation::ParentTicket, effect) });
}

fn status_of(ctx: &Ctx, incident: &incident::Model, ticket: &str) -> ProblemStatus {
    let solved = solved(ctx, incident);
    let state = words::status(incident.status);
    ProblemStatus {
        ticket: ticket.to_owned(),
        solved,
        text: format!("{} is {state}. {}", reference(incident), crate::incident::link(ctx, incident)),
    }
}

/// Updates an order before an attempt: the incident may have moved on since.
pub(crate) async fn bring_up_to_date(ctx: &Ctx, row: &delivery::Model, order: &mut ProblemStatus) -> Result<()> {
    let Some(incident) = row.incident_id else { return Ok(()) };
    if let Some(incident) = incident::Entity::find_by_id(incident).one(ctx.db.read()).await? {
        *order = status_of(ctx, &incident, &order.ticket);
    }
    Ok(())
}

/// The client whose ticket was seen.
pub(crate) async fn client_of(ctx: &Ctx, receipt: &Receipt) -> Result<Option<client::Model>> {
    let organization = ticket_in(receipt).and_then(|seen| seen.organization.as_deref());
    Ok(query::clients_of(ctx, organization.as_slice()).await?.pop())
}

fn ticket_in(receipt: &Receipt) -> Option<&SeenTicket> {
    match &receipt.seen {
        Some(Seen::Ticket(seen)) => Some(seen),
        _ => None,
    }
}

/// Removes the name and summary from an order for a problem ticket if the incident has been restricted since. If the ticket already exists
/// with the old text, it is found by its key.
pub(crate) async fn conceal(ctx: &Ctx, row: &delivery::Model, order: &mut Problem) -> Result<()> {
    let Some(incident) = row.incident_id else { return Ok(()) };
    let found = incident::Entity::find_by_id(incident).one(ctx.db.read()).await?;
    if let Some(incident) = found.filter(|incident| incident.visibility == Visibility::Restricted) {
        *order = Problem { severity: order.severity, ..problem_of(ctx, &incident) };
    }
    Ok(())
}

/// Writes into the draft what follows from an effect on tickets that has happened, by the worker or by hand. `client` is the client whose
/// ticket was seen ([`client_of`]).
pub(crate) fn happened(draft: &mut Draft<'_>, row: &delivery::Model, effect: &Effect, receipt: &Receipt, client: Option<&client::Model>) {
    let seen = ticket_in(receipt);
    match effect {
        Effect::OpenProblem(order) => {
            let solved_there = seen.and_then(|seen| seen.status.as_deref()).is_some_and(is_over);
            problem_is_there(draft, order, receipt, solved_there);
        }
        Effect::LinkTicket(_) => {
            if let Some(seen) = seen {
                keep_seen(draft, row.ticket_id, seen, client);
            }
        }
        // The incident moved on while this was under way; another order may have seen the ticket as it was before.
        Effect::ProblemStatus(order) if seen.is_some() && order.solved != solved(draft.ctx(), &draft.incident) => {
            if let Some(problem) = links::problem_in(draft.whole()).cloned() {
                keep_status(draft, &problem);
            }
        }
        _ => {}
    }
}

/// Whether a ticket in this status is no longer waiting for anybody.
pub fn is_over(status: &str) -> bool {
    matches!(status, "solved" | "closed")
}

fn problem_is_there(draft: &mut Draft<'_>, order: &Problem, receipt: &Receipt, solved_there: bool) {
    let number = receipt.external_id.clone().or_else(|| receipt.external_url.as_deref().and_then(number_in));
    // Done by hand and without an address: it exists somewhere, but nothing can be linked to it.
    let Some(number) = number else { return };
    if draft.whole().is_some_and(|whole| whole.tickets.iter().any(|row| row.parent)) {
        return;
    }
    // Somebody may have linked it as if it were a client's.
    let known = draft.whole().and_then(|whole| links::row_in(whole, &number)).cloned();
    let problem = ticket::Model {
        link: TicketLink::Linked,
        url: receipt.external_url.clone(),
        parent: true,
        subject: Some(order.subject.clone()),
        ..known.unwrap_or_else(|| links::new_row(draft, &number, TicketLink::Linked))
    };
    draft.put::<ticket::Entity>(problem.clone());
    let details = json!({ "ticket": problem.id.to_string(), "number": number, "url": problem.url, "parent": true });
    draft.record(NewEvent::new(TimelineKind::Ticket, format!("The problem ticket is #{number}")).details(details));
    if solved(draft.ctx(), &draft.incident) != solved_there {
        keep_status(draft, &problem);
    }
    let waiting: Vec<ticket::Model> = linked(draft.whole()).filter(|row| !row.parent).cloned().collect();
    for row in &waiting {
        hang(draft, row, &problem.external_id);
    }
}

fn linked(whole: Option<&Whole>) -> impl Iterator<Item = &ticket::Model> {
    whole.into_iter().flat_map(|whole| &whole.tickets).filter(|row| row.link == TicketLink::Linked)
}

/// Orders a ticket to be linked to the problem ticket.
fn hang(draft: &mut Draft<'_>, row: &ticket::Model, problem: &str) {
    let effect = Effect::LinkTicket(LinkTicket { ticket: row.external_id.clone(), problem: problem.to_owned() });
    draft.send(New { ticket: Some(row.id), client: row.client_id, ..New::of(Operation::LinkTicket, effect) });
}

/// Writes into the draft how a ticket looks at its system. Its client is affected, unless a person has already said whose ticket it is.
fn keep_seen(draft: &mut Draft<'_>, id: Option<TicketId>, seen: &SeenTicket, client: Option<&client::Model>) {
    let row = draft.whole().and_then(|whole| whole.tickets.iter().find(|row| Some(row.id) == id)).cloned();
    let Some(row) = row else { return };
    let news = client.filter(|_| row.client_id.is_none() && row.link == TicketLink::Linked);
    let number = row.external_id.clone();
    draft.put::<ticket::Entity>(ticket::Model {
        url: seen.url.clone().or(row.url.clone()),
        subject: seen.subject.clone().or(row.subject.clone()),
        status: seen.status.clone().or(row.status.clone()),
        client_id: row.client_id.or(news.map(|client| client.id)),
        ..row
    });
    if let Some(client) = news {
        links::affected_by_ticket(draft, client, &number);
    }
}

/// The number in a ticket's URL, such as `https://x.zendesk.com/agent/tickets/42`, or the text itself if it is a number, with or without
/// `#`.
pub fn number_in(text: &str) -> Option<String> {
    let last = text.trim().trim_end_matches('/').rsplit(['/', '#']).next()?;
    let number = last.split(['?', '.']).next()?;
    (!number.is_empty() && number.len() <= 20 && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.to_owned())
}
