//! The tickets of an incident, as a decision finds them and writes them on a draft.

use entity::{Operation, System, TicketId, TicketLink, TimelineKind, client, ticket};
use serde_json::json;

use crate::delivery::order::New;
use crate::incident::writes::affect;
use crate::ports::LinkTicket;
use crate::record::{Draft, NewEvent, Whole};

/// The status of a ticket that no longer takes comments.
pub(crate) const CLOSED: &str = "closed";

/// The tag of a ticket that was merged into another one.
pub(crate) const CLOSED_BY_MERGE: &str = "closed_by_merge";

/// The row of the ticket `number` among an incident's tickets.
pub(crate) fn row_in<'a>(facts: &'a Whole, number: &str) -> Option<&'a ticket::Model> {
    facts.tickets.iter().find(|row| row.system == System::Zendesk && row.external_id == number)
}

/// The problem ticket among an incident's tickets.
pub(crate) fn problem_in(whole: &Whole) -> Option<&ticket::Model> {
    whole.tickets.iter().find(|row| row.parent)
}

/// A row for a ticket of which only the number is known.
pub(crate) fn new_row(draft: &Draft<'_>, number: &str, link: TicketLink) -> ticket::Model {
    ticket::Model {
        id: TicketId(draft.id()),
        incident_id: draft.incident().id,
        system: System::Zendesk,
        external_id: number.to_owned(),
        url: None,
        parent: false,
        link,
        subject: None,
        status: None,
        seen_at: None,
        client_id: None,
        created_at: draft.now,
    }
}

pub(crate) fn linked_row(draft: &Draft<'_>, number: &str, known: Option<ticket::Model>, client: Option<&client::Model>) -> ticket::Model {
    let row = known.unwrap_or_else(|| new_row(draft, number, TicketLink::Linked));
    ticket::Model { link: TicketLink::Linked, client_id: client.map(|client| client.id).or(row.client_id), ..row }
}

/// Writes into the draft that a ticket is linked, and therefore that its client is affected.
pub(crate) fn put_link(draft: &mut Draft<'_>, row: &ticket::Model, client: Option<&client::Model>) {
    draft.put::<ticket::Entity>(row.clone());
    let whose = client.map(|client| format!(" of {}", client.name)).unwrap_or_default();
    let subject = row.subject.as_deref().map(|subject| format!(": {subject}")).unwrap_or_default();
    record(draft, row, format!("Linked ticket #{}{whose}{subject}", row.external_id));
    if let Some(client) = client {
        affected_by_ticket(draft, client, &row.external_id);
    }
}

/// Writes into the draft that a client who wrote to us about an incident is affected by it, unless that is already known.
pub(crate) fn affected_by_ticket(draft: &mut Draft<'_>, client: &client::Model, number: &str) {
    if !draft.whole().clients.iter().any(|row| row.client_id == client.id) {
        affect(draft, client, Some(&format!("they wrote to us in ticket #{number}")));
    }
}

/// Records what happened to a ticket.
pub(crate) fn record(draft: &mut Draft<'_>, row: &ticket::Model, text: String) {
    draft.record(NewEvent::new(TimelineKind::Ticket, text).details(details(row)));
}

pub(crate) fn details(row: &ticket::Model) -> serde_json::Value {
    json!({
        "ticket": row.id.to_string(),
        "number": row.external_id,
        "url": row.url,
        "parent": row.parent,
        "link": row.link,
        "client": row.client_id.map(|client| client.to_string()),
    })
}

/// The recipient of a reply on a ticket whose client is unknown.
pub(crate) const REQUESTER: &str = "the requester";

/// Whether a ticket in this status is no longer waiting for anybody.
pub fn is_over(status: &str) -> bool {
    matches!(status, "solved" | "closed")
}

pub(crate) fn linked(whole: &Whole) -> impl Iterator<Item = &ticket::Model> {
    whole.tickets.iter().filter(|row| row.link == TicketLink::Linked)
}

/// Orders a ticket to be linked to the problem ticket.
pub(crate) fn hang(draft: &mut Draft<'_>, row: &ticket::Model, problem: &str) {
    let effect = LinkTicket { ticket: row.external_id.clone(), problem: problem.to_owned() };
    draft.send(New { ticket: Some(row.id), client: row.client_id, ..New::of(Operation::LinkTicket, effect) });
}
