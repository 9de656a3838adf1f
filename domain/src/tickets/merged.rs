//! A ticket that was merged into another one at its system: the link moves along, so that its client hears from us on the other one.

use entity::{IncidentId, TicketLink, TimelineKind, client, incident, ticket};

use super::query::rows_of;
use super::rows::{CLOSED, details, hang, linked, linked_row, new_row, problem_in, put_link, record, row_in};
use crate::authz::Right;
use crate::catalogue;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::order;
use crate::error::Result;
use crate::record::{Draft, NewEvent, Whole};

/// Follows the ticket of `row` to the one it was merged into. Doing so again changes nothing.
pub(super) async fn follow(ctx: &Ctx, row: &ticket::Model, into: Option<&str>) -> Result<()> {
    if row.link == TicketLink::Dismissed {
        return Ok(());
    }
    let client = match row.client_id {
        Some(client) => catalogue::clients_by_ids(ctx, &[client]).await?.pop(),
        None => None,
    };
    let elsewhere = match into {
        Some(into) => other_incident(ctx, row.incident_id, into).await?,
        None => None,
    };
    change::<Whole, _>(ctx, row.incident_id, Right::Report, None, |facts, draft| {
        let Some(row) = facts.tickets.iter().find(|known| known.id == row.id && known.link != TicketLink::Dismissed) else {
            return Ok(());
        };
        match (into, &elsewhere) {
            (Some(into), None) => move_to(draft, row, into, client.as_ref()),
            (into, _) => lose(draft, row, into, elsewhere.as_ref()),
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// Another incident that lasts and has the ticket `number`.
async fn other_incident(ctx: &Ctx, id: IncidentId, number: &str) -> Result<Option<incident::Model>> {
    let rows = rows_of(ctx, number).await?.into_iter();
    let others: Vec<IncidentId> =
        rows.filter(|row| row.incident_id != id && row.link == TicketLink::Linked).map(|row| row.incident_id).collect();
    Ok(crate::incident::by_ids(ctx, &others).await?.into_iter().rfind(|incident| incident.live))
}

fn move_to(draft: &mut Draft<'_>, row: &ticket::Model, into: &str, client: Option<&client::Model>) {
    let known = row_in(draft.whole(), into).cloned();
    order::cancel_links(draft, &[row.id]);
    let closed = ticket::Model { link: TicketLink::Dismissed, parent: false, status: Some(CLOSED.to_owned()), ..row.clone() };
    draft.put::<ticket::Entity>(closed.clone());
    record(draft, &closed, format!("Ticket #{} was merged into #{into}, which takes its place", row.external_id));
    if row.parent {
        let base = known.unwrap_or_else(|| new_row(draft, into, TicketLink::Linked));
        let problem = ticket::Model { link: TicketLink::Linked, parent: true, subject: row.subject.clone(), ..base };
        draft.put::<ticket::Entity>(problem.clone());
        let children: Vec<ticket::Model> = linked(draft.whole()).filter(|child| !child.parent).cloned().collect();
        for child in &children {
            hang(draft, child, &problem.external_id);
        }
        return;
    }
    if known.as_ref().is_some_and(|known| known.parent || known.link == row.link || known.link == TicketLink::Linked) {
        return;
    }
    if row.link == TicketLink::Suggested {
        let suggested = known.unwrap_or_else(|| ticket::Model { client_id: row.client_id, ..new_row(draft, into, TicketLink::Suggested) });
        draft.put::<ticket::Entity>(ticket::Model { link: TicketLink::Suggested, ..suggested });
        return;
    }
    let moved = linked_row(draft, into, known, client);
    put_link(draft, &moved, client);
    if let Some(problem) = problem_in(draft.whole()).cloned() {
        hang(draft, &moved, &problem.external_id);
    }
}

/// Where the ticket went can't be followed: somebody must know, or its client hears nothing there.
fn lose(draft: &mut Draft<'_>, row: &ticket::Model, into: Option<&str>, elsewhere: Option<&incident::Model>) {
    let closed = ticket::Model { status: Some(CLOSED.to_owned()), ..row.clone() };
    draft.put::<ticket::Entity>(closed.clone());
    let mut details = details(&closed);
    let text = match (into, elsewhere) {
        (Some(into), Some(other)) => {
            details["incident"] = other.id.to_string().into();
            format!(
                "Ticket #{} was merged into #{into}, which is linked to another incident: merge the incidents, or link it here instead.",
                row.external_id
            )
        }
        _ => format!("Ticket #{} was merged into another ticket: link that one, or its client hears nothing there.", row.external_id),
    };
    draft.record(NewEvent::new(TimelineKind::Ticket, text).details(details));
}
