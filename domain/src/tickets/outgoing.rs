//! Orders about tickets, from before an attempt to what follows when one was carried out.

use async_trait::async_trait;
use entity::{
    ClientId, ClientUpdateId, DeliveryState, System, TicketId, TicketLink, TimelineKind, Visibility, client, client_update, delivery,
    incident, ticket,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use crate::catalogue;
use crate::clients::letter::letters;
use crate::ctx::Ctx;
use crate::delivery::New;
use crate::delivery::outgoing::{Consequence, Outgoing};
use crate::error::{Error, Result};
use crate::ports::{Comment, DeskOrder, LinkTicket, Paper, ProblemStatus, ProblemTicket, Receipt, Seen, SeenTicket, UnlinkTicket};
use crate::record::{Draft, NewEvent};
use crate::tickets::number::number_in;
use crate::tickets::problem::{keep_status, problem_of, solved, status_of};
use crate::tickets::query::{self, rows_of};
use crate::tickets::rows::{CLOSED, CLOSED_BY_MERGE, affected_by_ticket, hang, is_over, linked, new_row, problem_in, record, row_in};

#[async_trait]
impl Outgoing for DeskOrder {
    fn system(&self) -> System {
        System::Zendesk
    }

    fn title(&self) -> String {
        match self {
            Self::OpenProblem(problem) => format!("The problem ticket “{}”", problem.subject),
            Self::ProblemStatus(ProblemStatus { ticket, solved: true, .. }) => format!("Solving problem ticket #{ticket}"),
            Self::ProblemStatus(ProblemStatus { ticket, solved: false, .. }) => format!("Reopening problem ticket #{ticket}"),
            Self::LinkTicket(link) => format!("Linking ticket #{} to the problem ticket", link.ticket),
            Self::UnlinkTicket(link) => format!("Unlinking ticket #{} from the problem ticket", link.ticket),
            Self::Comment(Comment { ticket, to, public: true, .. }) => format!("The reply to {to} on ticket #{ticket}"),
            Self::Comment(Comment { ticket, public: false, .. }) => format!("The internal note on ticket #{ticket}"),
        }
    }

    fn instructions(&self) -> String {
        match self {
            Self::OpenProblem(ProblemTicket { subject, text, .. }) => format!(
                "Create a ticket of type “problem” in Zendesk, and paste its address here when you mark this done:\n\nSubject: {subject}\n\n\
                 Internal note:\n{text}"
            ),
            Self::ProblemStatus(ProblemStatus { ticket, solved, text, .. }) => {
                let status = if *solved { "solved" } else { "open" };
                format!("Set problem ticket #{ticket} to {status}, with this internal note:\n\n{text}")
            }
            Self::LinkTicket(LinkTicket { ticket, problem }) => {
                format!("In Zendesk, set the type of ticket #{ticket} to “incident” and link it to problem #{problem}.")
            }
            Self::UnlinkTicket(UnlinkTicket { ticket, problem }) => {
                format!("In Zendesk, unlink problem #{problem} from ticket #{ticket}: it is about something else.")
            }
            Self::Comment(Comment { ticket, text, public, to, paper }) => {
                let kind = if *public { "Reply to" } else { "Write an internal note for" };
                let attached = Paper::attached(paper.as_ref());
                format!("{kind} {to} on ticket #{ticket}{attached}:\n\n{text}")
            }
        }
    }

    fn target(&self) -> Option<String> {
        let (Self::ProblemStatus(ProblemStatus { ticket, .. })
        | Self::LinkTicket(LinkTicket { ticket, .. })
        | Self::UnlinkTicket(UnlinkTicket { ticket, .. })
        | Self::Comment(Comment { ticket, .. })) = self
        else {
            return None;
        };
        Some(format!("zendesk {ticket}"))
    }

    async fn is_wanted(&self, ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
        match self {
            Self::LinkTicket(_) | Self::UnlinkTicket(_) => is_link_wanted(ctx, self, row).await,
            Self::OpenProblem(_) | Self::ProblemStatus(_) | Self::Comment(_) => Ok(true),
        }
    }

    async fn refresh(&mut self, ctx: &Ctx, row: &delivery::Model) -> Result<()> {
        match self {
            Self::OpenProblem(order) => conceal(ctx, row, order).await,
            Self::ProblemStatus(order) => bring_up_to_date(ctx, row, order).await,
            Self::LinkTicket(_) | Self::UnlinkTicket(_) | Self::Comment(_) => Ok(()),
        }
    }

    fn has_consequences(&self) -> bool {
        !matches!(self, Self::Comment(_))
    }

    async fn consequence(&self, ctx: &Ctx, row: &delivery::Model, receipt: &Receipt) -> Result<Option<Consequence>> {
        if let Some(Seen::TicketClosed(seen)) = &receipt.seen {
            return closed(ctx, row, seen).await.map(Some);
        }
        let (order, mut receipt) = (self.clone(), receipt.clone());
        if let (Self::OpenProblem(_), None, Some(url)) = (self, &receipt.external_id, &receipt.external_url) {
            let number = number_in(url, ctx.config.tickets.account.as_deref());
            receipt.external_id = Some(number.map_err(|found| Error::invalid("externalUrl", format!("externalUrl {found}")))?);
        }
        let client = client_of(ctx, &receipt).await?;
        Ok(Some(Box::new(move |draft, row| happened(draft, row, &order, &receipt, client.as_ref()))))
    }
}

/// What follows when a ticket turns out to be closed: from now on its client is told another way, and of this update at once.
async fn closed(ctx: &Ctx, row: &delivery::Model, seen: &SeenTicket) -> Result<Consequence> {
    let letters = match (row.client_id, row.client_update_id) {
        (Some(client), Some(update)) => letters_instead(ctx, row, client, update).await?,
        _ => Vec::new(),
    };
    let is_merged = seen.tags.iter().any(|tag| tag == CLOSED_BY_MERGE);
    Ok(Box::new(move |draft, row| {
        let known = draft.whole().tickets.iter().find(|known| Some(known.id) == row.ticket_id).cloned();
        let Some(ticket) = known else { return };
        let merged = if is_merged { " It was merged into another ticket: link that one instead." } else { "" };
        let mailed = if letters.is_empty() { " Reach them another way." } else { " The update is e-mailed instead." };
        let text = format!("Ticket #{} is closed.{merged}{mailed}", ticket.external_id);
        draft.put::<ticket::Entity>(ticket::Model { status: Some(CLOSED.to_owned()), ..ticket.clone() });
        record(draft, &ticket, text);
        draft.send_many(letters.clone());
    }))
}

/// E-mails with an update to a client whose ticket is closed, unless the client gets it on another ticket.
async fn letters_instead(ctx: &Ctx, row: &delivery::Model, client: ClientId, update: ClientUpdateId) -> Result<Vec<New>> {
    let others = delivery::Entity::find().filter(delivery::Column::ClientUpdateId.eq(update)).all(ctx.db.read()).await?;
    let is_reached =
        |other: &delivery::Model| other.client_id == Some(client) && other.id != row.id && other.state != DeliveryState::Failed;
    if others.iter().any(is_reached) {
        return Ok(Vec::new());
    }
    let update = client_update::Entity::find_by_id(update).one(ctx.db.read()).await?;
    let incident = match row.incident_id {
        Some(incident) => incident::Entity::find_by_id(incident).one(ctx.db.read()).await?,
        None => None,
    };
    let (Some(update), Some(incident)) = (update, incident) else { return Ok(Vec::new()) };
    let client = catalogue::find_client(ctx, client).await?;
    let contacts = catalogue::contacts_of(ctx, &[client.id]).await?;
    let letters = letters(ctx, &incident, &update, &client, &contacts).into_iter();
    // Somebody who is also a contact of another client may have it already.
    Ok(letters
        .filter(|letter| letter.effect.outgoing().target().is_none_or(|to| !others.iter().any(|other| other.target.as_ref() == Some(&to))))
        .collect())
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

pub(crate) fn ticket_in(receipt: &Receipt) -> Option<&SeenTicket> {
    match &receipt.seen {
        Some(Seen::Ticket(seen)) => Some(seen),
        _ => None,
    }
}

/// Removes the name and summary from an order for a problem ticket if the incident has been restricted since. If the ticket already exists
/// with the old text, it is found by its key.
pub(crate) async fn conceal(ctx: &Ctx, row: &delivery::Model, order: &mut ProblemTicket) -> Result<()> {
    let Some(incident) = row.incident_id else { return Ok(()) };
    let found = incident::Entity::find_by_id(incident).one(ctx.db.read()).await?;
    if let Some(incident) = found.filter(|incident| incident.visibility == Visibility::Restricted) {
        *order = ProblemTicket { severity: order.severity, ..problem_of(ctx, &incident) };
    }
    Ok(())
}

/// Writes into the draft what follows from an effect on tickets that has happened, by the worker or by hand. `client` is the client whose
/// ticket was seen ([`client_of`]).
pub(crate) fn happened(draft: &mut Draft<'_>, row: &delivery::Model, order: &DeskOrder, receipt: &Receipt, client: Option<&client::Model>) {
    let seen = ticket_in(receipt);
    match order {
        DeskOrder::OpenProblem(order) => {
            let solved_there = seen.and_then(|seen| seen.status.as_deref()).is_some_and(is_over);
            problem_is_there(draft, order, receipt, solved_there);
        }
        DeskOrder::LinkTicket(_) => {
            if let Some(seen) = seen {
                keep_seen(draft, row.ticket_id, seen, client);
            }
        }
        // The incident moved on while this was under way; another order may have seen the ticket as it was before.
        DeskOrder::ProblemStatus(order) if seen.is_some() && order.solved != solved(draft.ctx(), draft.incident()) => {
            if let Some(problem) = problem_in(draft.whole()).cloned() {
                keep_status(draft, &problem);
            }
        }
        _ => {}
    }
}

pub(crate) fn problem_is_there(draft: &mut Draft<'_>, order: &ProblemTicket, receipt: &Receipt, solved_there: bool) {
    // Done by hand and without an address: it exists somewhere, but nothing can be linked to it.
    let Some(number) = receipt.external_id.clone() else { return };
    if draft.whole().tickets.iter().any(|row| row.parent) {
        return;
    }
    // Somebody may have linked it as if it were a client's.
    let known = row_in(draft.whole(), &number).cloned();
    let problem = ticket::Model {
        link: TicketLink::Linked,
        url: receipt.external_url.clone(),
        parent: true,
        subject: Some(order.subject.clone()),
        ..known.unwrap_or_else(|| new_row(draft, &number, TicketLink::Linked))
    };
    draft.put::<ticket::Entity>(problem.clone());
    let details = json!({ "ticket": problem.id.to_string(), "number": number, "url": problem.url, "parent": true });
    draft.record(NewEvent::new(TimelineKind::Ticket, format!("The problem ticket is #{number}")).details(details));
    if solved(draft.ctx(), draft.incident()) != solved_there {
        keep_status(draft, &problem);
    }
    let waiting: Vec<ticket::Model> = linked(draft.whole()).filter(|row| !row.parent).cloned().collect();
    for row in &waiting {
        hang(draft, row, &problem.external_id);
    }
}

/// Writes into the draft how a ticket looks at its system. Its client is affected, unless a person has already said whose ticket it is.
pub(crate) fn keep_seen(draft: &mut Draft<'_>, id: Option<TicketId>, seen: &SeenTicket, client: Option<&client::Model>) {
    let row = draft.whole().tickets.iter().find(|row| Some(row.id) == id).cloned();
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
        affected_by_ticket(draft, client, &number);
    }
}

/// Whether an order that is retried is still what people want: meanwhile the ticket may have been unlinked, linked again, or moved by a
/// merge, each with an order of its own.
pub(crate) async fn is_link_wanted(ctx: &Ctx, order: &DeskOrder, row: &delivery::Model) -> Result<bool> {
    let Some(id) = row.ticket_id else { return Ok(true) };
    let Some(ticket) = ticket::Entity::find_by_id(id).one(ctx.db.read()).await? else { return Ok(false) };
    let is_linked = match ticket.link {
        TicketLink::Linked => true,
        TicketLink::Suggested | TicketLink::Dismissed => {
            rows_of(ctx, &ticket.external_id).await?.iter().any(|other| !other.parent && other.link == TicketLink::Linked)
        }
    };
    Ok(match order {
        DeskOrder::UnlinkTicket(_) => !is_linked,
        _ => ticket.link == TicketLink::Linked,
    })
}
